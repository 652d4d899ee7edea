package realm

import (
	"strconv"

	"github.com/dop251/goja"
)

// A prototype is a Class in a Realm: the object that has the members of the class. Functions
// take more memory than all else in a bot. So an operation gets one when it is first used,
// and an attribute none, unless the script looks at the members themselves.
//
// The engine has no properties that come into being. So the object that the script sees is a
// proxy of own, which has no members at first. What looks for one goes on to the objects that
// own inherits from: lookup, which has no properties itself, but learns all names that are
// looked for and puts such a member into used; used; and parent. All rules for properties are
// thus those of the engine. The traps of the proxy hide lookup and used, and whatever is not
// just the use of a member calls reveal, after which own has all members and is an object
// like any other.
//
// A loop with for-in over an object does not see what its prototype has if that is a proxy.
// It does see what a dynamic object has. So where it asks for the keys of the proxy it gets
// none, and where it then asks for the next prototype it gets such an object with the keys.
// What it does not see are members that cannot be deleted, and only after reveal.
type prototype struct {
	realm *Realm
	class *Class

	object, own, used, parent *goja.Object

	traps       *goja.ProxyTrapConfig
	looping     bool         // for-in asks for the next prototype now
	inUse       []bool       // whether used has the member of the class; nil after reveal
	constructor *goja.Object // nil until it is used
	unforgeable []accessor
}

// An accessor is the getter of an attribute that each object itself has.
type accessor struct {
	name string
	get  goja.Value
}

// classes are those that a Realm has used.
type classes struct {
	prototypes map[*Class]*prototype

	// The attributes in prototype.used share a getter and a setter. Which of them the engine
	// is about to get or set is the one that it has looked for last.
	attribute *Attribute
	get, set  goja.Value
}

// prototype returns the prototype of a class, and makes it when it is first used.
func (r *Realm) prototype(c *Class) *prototype {
	if p := r.classes.prototypes[c]; p != nil {
		return p
	}
	if r.classes.prototypes == nil {
		r.classes.prototypes = make(map[*Class]*prototype)
		r.classes.get = r.ToValue(func(call goja.FunctionCall) goja.Value {
			return r.classes.attribute.get(r, StateOf(call.This))
		})
		r.classes.set = r.ToValue(func(call goja.FunctionCall) goja.Value {
			r.classes.attribute.set(r, StateOf(call.This), call.Argument(0))
			return goja.Undefined()
		})
	}
	c.once.Do(c.list)
	p := &prototype{realm: r, class: c, inUse: make([]bool, len(c.members))}
	switch {
	case c.Parent != nil:
		parent := r.prototype(c.Parent)
		p.parent, p.unforgeable = parent.object, parent.unforgeable
	case c.ErrorParent:
		p.parent = r.errorPrototype()
	default:
		p.parent = r.NewObject().Prototype()
	}
	for _, a := range c.Unforgeable {
		p.unforgeable = append(p.unforgeable, accessor{a.name, r.getter(&a)})
	}
	p.used = r.CreateObject(p.parent)
	l := r.NewDynamicObject(lookup{p})
	must(l.SetPrototype(p.used))
	p.own = r.CreateObject(l)
	r.defineSymbol(p.own, goja.SymToStringTag, r.ToValue(c.Name), label)
	p.traps = &goja.ProxyTrapConfig{
		GetPrototypeOf:           p.getPrototypeOf,
		SetPrototypeOf:           p.setPrototypeOf,
		PreventExtensions:        p.preventExtensions,
		GetOwnPropertyDescriptor: p.getOwnPropertyDescriptor,
		DefineProperty:           p.defineProperty,
		DeleteProperty:           p.deleteProperty,
		OwnKeys:                  p.ownKeys,
	}
	p.object = r.ToValue(r.NewProxy(p.own, p.traps)).(*goja.Object)
	r.classes.prototypes[c] = p
	if c.Pairs != nil {
		p.reveal("")
		r.pairs(c, p.own)
	}
	return p
}

// ClassOf returns the class that o is the prototype of, or nil.
func (r *Realm) ClassOf(o *goja.Object) *Class {
	for c, p := range r.classes.prototypes {
		if p.object == o {
			return c
		}
	}
	return nil
}

// A lookup learns which names are looked for in a prototype.
type lookup struct{ *prototype }

// Get and the following methods make lookup a goja.DynamicObject.
func (l lookup) Get(name string) goja.Value {
	l.use(name)
	return nil
}

func (l lookup) Has(name string) bool {
	l.use(name)
	return false
}

func (lookup) Set(string, goja.Value) bool { return false }
func (lookup) Delete(string) bool          { return false }
func (lookup) Keys() []string              { return nil }

// use puts a member into used, if the class has one with this name.
func (p *prototype) use(name string) {
	i, ok := p.class.index[name]
	if !ok {
		return
	}
	m := &p.class.members[i]
	p.realm.classes.attribute = m.attribute
	if p.inUse[i] {
		return
	}
	property := goja.PropertyDescriptor{Getter: p.realm.classes.get, Configurable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE}
	switch {
	case m.attribute == nil:
		property = m.property(p)
	case m.attribute.set != nil:
		property.Setter = p.realm.classes.set
	}
	must(define(p.used, name, property))
	p.inUse[i] = true
}

// reveal gives own all members, and undoes the rest. It returns the property of that name.
func (p *prototype) reveal(name string) (found goja.PropertyDescriptor) {
	if p.inUse == nil {
		return found
	}
	for i, m := range p.class.members {
		property := m.property(p)
		if p.inUse[i] && m.attribute == nil {
			property.Value = p.used.Get(m.name) // the script has it already
		}
		must(define(p.own, m.name, property))
		if m.name == name {
			found = property
		}
	}
	must(p.own.SetPrototype(p.parent))
	p.used, p.parent, p.inUse = nil, nil, nil
	*p.traps = goja.ProxyTrapConfig{GetPrototypeOf: p.getPrototypeOf, SetPrototypeOf: p.setPrototypeOf, PreventExtensions: p.preventExtensions, OwnKeys: p.ownKeys}
	return found
}

func (p *prototype) getPrototypeOf(own *goja.Object) *goja.Object {
	parent := p.parent
	if p.inUse == nil {
		parent = own.Prototype()
	}
	if !p.looping || p.calledByFunction() {
		return parent
	}
	p.looping = false
	o := p.realm.NewDynamicObject(keys(p.enumerable()))
	must(o.SetPrototype(parent))
	return o
}

// calledByFunction reports whether a function of the engine has called a trap, and not a
// statement or an expression of the script.
func (p *prototype) calledByFunction() bool {
	frames := p.realm.CaptureCallStack(1, nil)
	return len(frames) == 0 || frames[0].SrcName() == "<native>"
}

// enumerable returns the names of the members that are enumerable.
func (p *prototype) enumerable() []string {
	if p.inUse == nil {
		return p.own.Keys()
	}
	var names []string
	for _, m := range p.class.members[1:] { // without the constructor
		names = append(names, m.name)
	}
	return names
}

// keys is a goja.DynamicObject that has keys only.
type keys []string

func (keys) Get(string) goja.Value       { return nil }
func (keys) Set(string, goja.Value) bool { return false }
func (keys) Has(string) bool             { return true }
func (keys) Delete(string) bool          { return false }
func (k keys) Keys() []string            { return k }

func (p *prototype) ownKeys(own *goja.Object) *goja.Object {
	if p.calledByFunction() {
		p.reveal("")
		return p.builtin("Reflect", "ownKeys", own).ToObject(p.realm.Runtime)
	}
	p.looping = true
	if p.inUse != nil {
		return p.realm.NewArray()
	}
	var fixed []any // which a trap must return
	for _, k := range p.class.Constants {
		fixed = append(fixed, k.Name)
	}
	return p.realm.NewArray(fixed...)
}

func (p *prototype) getOwnPropertyDescriptor(_ *goja.Object, name string) goja.PropertyDescriptor {
	return p.reveal(name)
}

func (p *prototype) defineProperty(own *goja.Object, name string, property goja.PropertyDescriptor) bool {
	p.reveal("")
	return define(own, name, property) == nil
}

func (p *prototype) deleteProperty(own *goja.Object, name string) bool {
	p.reveal("")
	return own.Delete(name) == nil
}

// setPrototypeOf looks for the cycles that the engine does not find. Proxies of the script may
// make a chain that never ends.
func (p *prototype) setPrototypeOf(own, parent *goja.Object) bool {
	for o, n := parent, 0; o != nil; o, n = o.Prototype(), n+1 {
		if o == p.object || n == MaxCallStack {
			return false
		}
	}
	p.reveal("")
	return own.SetPrototype(parent) == nil
}

func (p *prototype) preventExtensions(own *goja.Object) bool {
	p.reveal("")
	p.builtin("Object", "preventExtensions", own)
	*p.traps = goja.ProxyTrapConfig{}
	return true
}

// builtin calls a function of the engine that has no counterpart in Go.
func (p *prototype) builtin(object, name string, own *goja.Object) goja.Value {
	o, ok := p.realm.Get(object).(*goja.Object)
	if !ok {
		panic(p.realm.NewTypeError("%s is not an object", object))
	}
	fn, ok := goja.AssertFunction(o.Get(name))
	if !ok {
		panic(p.realm.NewTypeError("%s.%s is not a function", object, name))
	}
	v, err := fn(o, own)
	must(err)
	return v
}

// A classMember is a property of the prototype of a Class.
type classMember struct {
	name      string
	attribute *Attribute // nil for others
	property  func(p *prototype) goja.PropertyDescriptor
}

// list lists the members of a class.
func (c *Class) list() {
	add := func(name string, a *Attribute, property func(p *prototype) goja.PropertyDescriptor) {
		c.members = append(c.members, classMember{name, a, property})
	}
	add("constructor", nil, func(p *prototype) goja.PropertyDescriptor { return data(p.makeConstructor(), hidden) })
	for _, k := range c.Constants {
		add(k.Name, nil, func(p *prototype) goja.PropertyDescriptor { return data(p.realm.ToValue(k.Value), constant) })
	}
	for _, a := range c.Attributes {
		add(a.name, &a, func(p *prototype) goja.PropertyDescriptor {
			return goja.PropertyDescriptor{Getter: p.realm.getter(&a), Setter: p.realm.setter(&a), Configurable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE}
		})
	}
	for _, op := range c.Operations {
		add(op.name, nil, func(p *prototype) goja.PropertyDescriptor { return data(p.realm.operation(c, op), member) })
	}
	c.index = make(map[string]int)
	for i, m := range c.members {
		c.index[m.name] = i
	}
}

func data(v goja.Value, a attributes) goja.PropertyDescriptor {
	return goja.PropertyDescriptor{Value: v, Writable: a.writable, Enumerable: a.enumerable, Configurable: a.configurable}
}

func define(o *goja.Object, name string, d goja.PropertyDescriptor) error {
	if d.Getter != nil || d.Setter != nil {
		return o.DefineAccessorProperty(name, d.Getter, d.Setter, d.Configurable, d.Enumerable)
	}
	return o.DefineDataProperty(name, d.Value, d.Writable, d.Configurable, d.Enumerable)
}

// newShim makes a constructor: only a function of the script learns whether it was called
// with new. (The engine has no instanceof for a proxy.)
var newShim = goja.MustCompile("constructor", `(function(construct) {
	return function(...args) { return construct(new.target, args) }
})`, true)

// makeConstructor returns the constructor of the class, and makes it when it is first used.
func (p *prototype) makeConstructor() *goja.Object {
	if p.constructor != nil {
		return p.constructor
	}
	r, c := p.realm, p.class
	v, err := r.RunProgram(newShim)
	must(err)
	shim, _ := goja.AssertFunction(v)
	v, err = shim(nil, r.function(c.Name, 0, func(_ goja.Value, args []goja.Value) goja.Value {
		return p.construct(args[0], elements(args[1]))
	}))
	must(err)
	p.constructor = v.(*goja.Object)
	r.define(p.constructor, "prototype", p.object, fixed)
	r.define(p.constructor, "name", r.ToValue(c.Name), label)
	r.define(p.constructor, "length", r.ToValue(c.Length), label)
	if c.Parent != nil {
		must(p.constructor.SetPrototype(r.Constructor(c.Parent)))
	}
	for _, k := range c.Constants {
		r.define(p.constructor, k.Name, r.ToValue(k.Value), constant)
	}
	for _, op := range c.Statics {
		r.define(p.constructor, op.name, r.operation(c, op), member)
	}
	return p.constructor
}

// elements returns the elements of an array.
func elements(array goja.Value) []goja.Value {
	o := array.(*goja.Object)
	list := make([]goja.Value, o.Get("length").ToInteger())
	for i := range list {
		list[i] = o.Get(strconv.Itoa(i))
	}
	return list
}

// construct makes an object, for new.target and the arguments of the script.
func (p *prototype) construct(newTarget goja.Value, args []goja.Value) goja.Value {
	r, c := p.realm, p.class
	target, _ := newTarget.(*goja.Object)
	switch {
	case c.Construct == nil:
		panic(r.NewTypeError("Illegal constructor"))
	case target == nil:
		panic(r.NewTypeError("Failed to construct '%s': Please use the 'new' operator, this DOM object constructor cannot be called as a function.", c.Name))
	case len(args) < c.Length:
		panic(r.NewTypeError("Failed to construct '%s': %s", c.Name, tooFew(c.Length, len(args))))
	}
	parent, ok := target.Get("prototype").(*goja.Object)
	if !ok {
		parent = p.object
	}
	return r.wrap(p, parent, c.Construct(r, args))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
