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
type prototype struct {
	realm *Realm
	class *Class

	object, own, used, parent *goja.Object

	traps       *goja.ProxyTrapConfig
	inUse       []bool       // whether used has the member of the class
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
		p.parent = r.NewTypeError().Prototype().Prototype() // whatever Error is now
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
		GetPrototypeOf:           func(*goja.Object) *goja.Object { return p.parent },
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
	p.inUse[i] = true
	property := goja.PropertyDescriptor{Getter: p.realm.classes.get, Configurable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE}
	switch {
	case m.attribute == nil:
		property = m.property(p)
	case m.attribute.set != nil:
		property.Setter = p.realm.classes.set
	}
	must(define(p.used, name, property))
}

// reveal gives own all members, and undoes the rest. It returns the property of that name.
func (p *prototype) reveal(name string) (found goja.PropertyDescriptor) {
	must(p.own.SetPrototype(p.parent))
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
	*p.traps, p.used, p.inUse = goja.ProxyTrapConfig{}, nil, nil
	return found
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

func (p *prototype) ownKeys(own *goja.Object) *goja.Object {
	p.reveal("")
	var keys []any
	for _, name := range own.GetOwnPropertyNames() {
		keys = append(keys, name)
	}
	for _, symbol := range own.Symbols() {
		keys = append(keys, symbol)
	}
	return p.realm.NewArray(keys...)
}

func (p *prototype) setPrototypeOf(own, parent *goja.Object) bool {
	p.reveal("")
	return own.SetPrototype(parent) == nil
}

func (p *prototype) preventExtensions(own *goja.Object) bool {
	p.reveal("")
	object, _ := p.realm.Get("Object").(*goja.Object) // there is no other way to do it
	if object == nil {
		return false
	}
	prevent, ok := goja.AssertFunction(object.Get("preventExtensions"))
	if ok {
		_, err := prevent(object, own)
		must(err)
	}
	return ok
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
// with new.
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
	v, err = shim(nil, r.ToValue(func(call goja.FunctionCall) goja.Value {
		return r.construct(c, call.Argument(0), elements(call.Argument(1)))
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

func must(err error) {
	if err != nil {
		panic(err)
	}
}
