package realm

import "github.com/dop251/goja"

// MaxJSONDepth is how deeply the values of a text in JSON may contain each other. The engine
// parses each level with a call of its own, and what a peer sends must not be able to take all
// of the stack of the program.
const MaxJSONDepth = 10_000

// limitJSON gives JSON.parse a limit.
func (r *Realm) limitJSON() {
	object := r.Get("JSON").(*goja.Object)
	parse, _ := goja.AssertFunction(object.Get("parse"))
	r.parseJSON = func(args ...goja.Value) goja.Value {
		text := r.str(Arg(args, 0))
		if text.Length() > MaxJSONDepth && tooDeep(text.String()) {
			panic(r.NewRangeError("JSON.parse: the values contain each other too deeply"))
		}
		v, err := parse(goja.Undefined(), text, Arg(args, 1))
		if err != nil {
			panic(err)
		}
		return v
	}
	r.define(object, "parse", r.function("parse", 2, func(_ goja.Value, args []goja.Value) goja.Value {
		return r.parseJSON(args...)
	}), hidden)
}

// str converts v to a string, or throws. The conversion of the engine may return a symbol.
func (r *Realm) str(v goja.Value) goja.String {
	s, ok := v.ToString().(goja.String)
	if !ok {
		panic(r.NewTypeError("Cannot convert a Symbol value to a string"))
	}
	return s
}

// ParseJSON returns the value of a text in JSON, or throws.
func (r *Realm) ParseJSON(text string) goja.Value { return r.parseJSON(r.ToValue(text)) }

func tooDeep(text string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxJSONDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}
