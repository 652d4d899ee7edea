package realm

import "github.com/dop251/goja"

// pairs gives a class whose objects are lists of pairs, such as Headers, the methods by which
// scripts go through them (Web IDL, section 3.7.10).
func (r *Realm) pairs(c *Class, prototype *goja.Object) {
	list := func(this goja.Value) [][2]string {
		all, ok := c.Pairs(r, StateOf(this))
		if !ok {
			panic(r.NewTypeError("Illegal invocation"))
		}
		return all
	}
	method := func(name string, of func(p [2]string) any) *goja.Object {
		f := r.Func(name, 0, func(this goja.Value, _ []goja.Value) goja.Value {
			items := []any{}
			for _, p := range list(this) {
				items = append(items, of(p))
			}
			return r.iterator(r.NewArray(items...))
		})
		r.define(prototype, name, f, member)
		return f
	}
	entries := method("entries", func(p [2]string) any { return r.NewArray(p[0], p[1]) })
	method("keys", func(p [2]string) any { return p[0] })
	method("values", func(p [2]string) any { return p[1] })
	r.defineSymbol(prototype, goja.SymIterator, entries, hidden)
	r.define(prototype, "forEach", r.Func("forEach", 1, func(this goja.Value, args []goja.Value) goja.Value {
		fn, ok := goja.AssertFunction(Arg(args, 0))
		if !ok {
			panic(r.NewTypeError("Failed to execute 'forEach' on '%s': parameter 1 is not of type 'Function'.", c.Name))
		}
		for _, p := range list(this) {
			if _, err := fn(Arg(args, 1), r.ToValue(p[1]), r.ToValue(p[0]), this); err != nil {
				panic(err)
			}
		}
		return goja.Undefined()
	}), member)
}

// iterator returns an iterator over an array.
func (r *Realm) iterator(array *goja.Object) goja.Value {
	values, ok := goja.AssertFunction(array.GetSymbol(goja.SymIterator))
	if !ok {
		panic(r.NewTypeError("Array.prototype has no iterator"))
	}
	v, err := values(array)
	if err != nil {
		panic(err)
	}
	return v
}

// PairsOf returns pairs that a script has passed as a sequence of sequences, or as an object
// with strings.
func PairsOf(r *Realm, o *goja.Object) [][2]string {
	var all [][2]string
	if iterator := o.GetSymbol(goja.SymIterator); iterator == nil || goja.IsUndefined(iterator) {
		for _, name := range o.Keys() {
			all = append(all, [2]string{name, r.Text(Member(r, o, name))})
		}
		return all
	}
	r.ForOf(o, func(v goja.Value) bool {
		item, ok := v.(*goja.Object)
		if !ok {
			panic(r.NewTypeError("The provided value cannot be converted to a sequence."))
		}
		var words []string
		r.ForOf(item, func(v goja.Value) bool {
			words = append(words, r.Text(v))
			return len(words) <= 2
		})
		if len(words) != 2 {
			panic(r.NewTypeError("Sequence initializer must only contain pair elements"))
		}
		all = append(all, [2]string{words[0], words[1]})
		return true
	})
	return all
}
