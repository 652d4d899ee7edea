package console

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// format joins arguments as console.log does: if the first is a string, each of its %s, %d,
// %i, %f, %o, %O, %c and %j takes one of the others.
func format(args []goja.Value) string {
	if len(args) == 0 {
		return ""
	}
	words, rest := []string{}, args
	if pattern, ok := args[0].Export().(string); ok && len(args) > 1 {
		var first string
		first, rest = substitute(pattern, args[1:])
		words = append(words, first)
	}
	for _, v := range rest {
		if isString(v) {
			words = append(words, v.String())
		} else {
			words = append(words, inspect(v))
		}
	}
	return strings.Join(words, " ")
}

func isString(v goja.Value) bool {
	_, ok := v.(goja.String)
	return ok
}

func substitute(pattern string, args []goja.Value) (text string, rest []goja.Value) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(pattern, "%")
		b.WriteString(before)
		if !found {
			return b.String(), args
		}
		verb := byte(0)
		if after != "" {
			verb = after[0]
		}
		switch {
		case verb == '%':
			b.WriteByte('%')
		case len(args) == 0 || verb == 0 || !strings.ContainsRune("sdifoOcj", rune(verb)):
			b.WriteByte('%')
			pattern = after
			continue
		default:
			b.WriteString(directive(verb, args[0]))
			args = args[1:]
		}
		pattern = after[1:]
	}
}

func directive(verb byte, v goja.Value) string {
	switch verb {
	case 'd', 'i':
		if _, ok := v.(*goja.Symbol); ok {
			return "NaN"
		}
		if f := v.ToFloat(); !math.IsNaN(f) {
			return strconv.FormatFloat(math.Trunc(f), 'f', -1, 64)
		}
		return "NaN"
	case 'f':
		if _, ok := v.(*goja.Symbol); ok {
			return "NaN"
		}
		return v.ToNumber().String()
	case 'c':
		return ""
	case 's':
		if _, ok := v.(*goja.Object); !ok {
			return plain(v)
		}
	}
	return inspect(v)
}

// The limits of what inspect shows of an object.
const (
	maxNesting = 3
	maxItems   = 100
	maxText    = 10_000
)

// The types of Go for some classes of the engine.
var (
	bufferType  = reflect.TypeFor[goja.ArrayBuffer]()
	mapType     = reflect.TypeFor[[][2]any]()
	promiseType = reflect.TypeFor[*goja.Promise]()
	setType     = reflect.TypeFor[[]any]()
)

// inspect returns a value as a console shows it.
func inspect(v goja.Value) string {
	i := inspector{}
	i.value(v, 0)
	return i.b.String()
}

type inspector struct {
	b    strings.Builder
	path []*goja.Object // that contain what is being shown
}

// plain returns a value that is not an object, without quotes.
func plain(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *goja.Symbol:
		return "Symbol(" + v.String() + ")"
	}
	if v.ExportType() != nil && v.ExportType().String() == "*big.Int" {
		return v.String() + "n"
	}
	if f, ok := v.Export().(float64); ok && f == 0 && math.Signbit(f) {
		return "-0"
	}
	return v.String()
}

func (i *inspector) value(v goja.Value, depth int) {
	if i.b.Len() > maxText {
		i.b.WriteString("…")
		return
	}
	o, ok := v.(*goja.Object)
	switch {
	case ok:
		i.object(o, depth)
	case isString(v):
		i.b.WriteString(quote(v.String()))
	default:
		i.b.WriteString(plain(v))
	}
}

// quote quotes a string with the first of the quotation marks that it does not contain.
func quote(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	s = strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r", "\t", "\\t").Replace(s)
	for _, mark := range []string{"'", "\"", "`"} {
		if !strings.Contains(s, mark) {
			return mark + s + mark
		}
	}
	return "'" + strings.ReplaceAll(s, "'", "\\'") + "'"
}

func (i *inspector) object(o *goja.Object, depth int) {
	for _, outer := range i.path {
		if outer == o {
			i.b.WriteString("[Circular]")
			return
		}
	}
	i.path = append(i.path, o)
	defer func() { i.path = i.path[:len(i.path)-1] }()
	name := constructorName(o)
	switch o.ClassName() {
	case "Error":
		i.b.WriteString(strings.TrimSpace(errorText(o)))
		return
	case "Function":
		i.b.WriteString(functionText(o, name))
		return
	case "Array":
		i.array(o, depth)
		return
	case "Date", "RegExp":
		i.b.WriteString(o.String())
		return
	}
	switch o.ExportType() {
	case bufferType:
		fmt.Fprintf(&i.b, "ArrayBuffer(%d)", len(o.Export().(goja.ArrayBuffer).Bytes()))
		return
	case mapType:
		i.entries(name, o.Export().([][2]any))
		return
	case promiseType:
		i.promise(o.Export().(*goja.Promise), depth)
		return
	case setType: // arrays have been dealt with
		i.set(o.Export().([]any))
		return
	}
	if length := o.Get("BYTES_PER_ELEMENT"); length != nil && !goja.IsUndefined(length) {
		i.b.WriteString(fmt.Sprintf("%s(%d) ", name, o.Get("length").ToInteger()))
		i.array(o, depth)
		return
	}
	if _, ok := realm.StateOf(o).(error); ok {
		i.b.WriteString(o.String())
		return
	}
	i.properties(o, name, depth)
}

func (i *inspector) promise(p *goja.Promise, depth int) {
	i.b.WriteString("Promise { ")
	switch p.State() {
	case goja.PromiseStatePending:
		i.b.WriteString("<pending>")
	case goja.PromiseStateRejected:
		i.b.WriteString("<rejected> ")
		i.value(p.Result(), depth+1)
	default:
		i.value(p.Result(), depth+1)
	}
	i.b.WriteString(" }")
}

func (i *inspector) entries(name string, entries [][2]any) {
	fmt.Fprintf(&i.b, "%s(%d) {", name, len(entries))
	for n, e := range entries {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems {
			i.b.WriteString(" …")
			break
		}
		fmt.Fprintf(&i.b, " %s => %s", exported(e[0]), exported(e[1]))
	}
	i.b.WriteString(" }")
}

func (i *inspector) set(items []any) {
	fmt.Fprintf(&i.b, "Set(%d) {", len(items))
	for n, item := range items {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems {
			i.b.WriteString(" …")
			break
		}
		i.b.WriteString(" " + exported(item))
	}
	i.b.WriteString(" }")
}

// exported returns a value of a Map or Set, which the engine gives as a value of Go.
func exported(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case nil:
		return "null"
	case map[string]any:
		return "{…}"
	case []any:
		return fmt.Sprintf("Array(%d)", len(v))
	}
	return fmt.Sprint(v)
}

func (i *inspector) array(o *goja.Object, depth int) {
	length := int(o.Get("length").ToInteger())
	if depth > maxNesting {
		fmt.Fprintf(&i.b, "Array(%d)", length)
		return
	}
	i.b.WriteString("[")
	for n := range length {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems || i.b.Len() > maxText {
			fmt.Fprintf(&i.b, " … %d more", length-n)
			break
		}
		i.b.WriteString(" ")
		i.value(o.Get(strconv.Itoa(n)), depth+1)
	}
	if length > 0 {
		i.b.WriteString(" ")
	}
	i.b.WriteString("]")
}

func (i *inspector) properties(o *goja.Object, name string, depth int) {
	if name != "" && name != "Object" {
		i.b.WriteString(name + " ")
	}
	keys := o.Keys()
	if depth > maxNesting && len(keys) > 0 {
		i.b.WriteString("{…}")
		return
	}
	i.b.WriteString("{")
	for n, key := range keys {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems || i.b.Len() > maxText {
			fmt.Fprintf(&i.b, " … %d more", len(keys)-n)
			break
		}
		if !isName(key) {
			key = quote(key)
		}
		i.b.WriteString(" " + key + ": ")
		i.value(o.Get(keys[n]), depth+1)
	}
	if len(keys) > 0 {
		i.b.WriteString(" ")
	}
	i.b.WriteString("}")
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && c != '$' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func constructorName(o *goja.Object) string {
	if c, ok := o.Get("constructor").(*goja.Object); ok {
		if name := c.Get("name"); name != nil && isString(name) {
			return name.String()
		}
	}
	return ""
}

func functionText(o *goja.Object, name string) string {
	kind := "function"
	if strings.HasPrefix(o.String(), "class") {
		kind = "class"
	} else if name == "AsyncFunction" {
		kind = "async function"
	}
	if n := o.Get("name"); n != nil && n.String() != "" {
		return "[" + kind + " " + n.String() + "]"
	}
	return "[" + kind + "]"
}

func errorText(o *goja.Object) string {
	if s := o.Get("stack"); s != nil && isString(s) {
		return s.String()
	}
	return o.String()
}
