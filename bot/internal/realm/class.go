package realm

import (
	"fmt"

	"github.com/dop251/goja"
)

// A Class is an interface of Web IDL: what all instances of it have, in every Realm. It is
// built in a Realm when it is first used there.
type Class struct {
	Name   string
	Parent *Class

	// Construct returns the state of a new object, and is nil if scripts may not construct
	// objects of the class. Length is the number of arguments that it needs.
	Construct func(r *Realm, args []goja.Value) Platform
	Length    int

	// ErrorParent makes the class inherit from Error, as DOMException does.
	ErrorParent bool

	Constants   []Constant
	Attributes  []Attribute
	Unforgeable []Attribute // of each object itself; they cannot be set (Web IDL, section 3.4.8)
	Operations  []Operation
	Statics     []Operation

	// Pairs returns what objects that are lists of pairs hold. It is nil for others, and
	// returns false if this is of another class.
	Pairs func(r *Realm, this Platform) (all [][2]string, ok bool)
}

// A Constant is a constant of a Class.
type Constant struct {
	Name  string
	Value int
}

// An Attribute is an attribute of a Class; see Attr.
type Attribute struct {
	name string
	get  func(r *Realm, this Platform) goja.Value
	set  func(r *Realm, this Platform, v goja.Value)
}

// Attr returns an attribute of objects whose state is a T. Without set it is read only.
func Attr[T any](name string, get func(r *Realm, this T) goja.Value, set func(r *Realm, this T, v goja.Value)) Attribute {
	a := Attribute{name: name, get: func(r *Realm, this Platform) goja.Value { return get(r, receiver[T](r, this)) }}
	if set != nil {
		a.set = func(r *Realm, this Platform, v goja.Value) { set(r, receiver[T](r, this), v) }
	}
	return a
}

// An Operation is a method of a Class; see Op and Static.
type Operation struct {
	name   string
	length int
	call   func(r *Realm, this Platform, args []goja.Value) goja.Value
}

// Op returns a method of objects whose state is a T. It throws if it has fewer than length
// arguments.
func Op[T any](name string, length int, call func(r *Realm, this T, args []goja.Value) goja.Value) Operation {
	return Operation{name, length, func(r *Realm, this Platform, args []goja.Value) goja.Value {
		return call(r, receiver[T](r, this), args)
	}}
}

// Static returns a method of a class itself.
func Static(name string, length int, call func(r *Realm, args []goja.Value) goja.Value) Operation {
	return Operation{name, length, func(r *Realm, _ Platform, args []goja.Value) goja.Value { return call(r, args) }}
}

// receiver returns the state of this, or throws if it is not a T.
func receiver[T any](r *Realm, this Platform) T {
	state, ok := this.(T)
	if !ok {
		panic(r.NewTypeError("Illegal invocation"))
	}
	return state
}

// A Platform is the state of an object of a Class: a pointer to a struct that embeds Object.
type Platform interface{ platform() *Object }

// An Object is the part of all states.
type Object struct{ object *goja.Object }

func (o *Object) platform() *Object { return o }

// Value returns the object of the script.
func (o *Object) Value() *goja.Object { return o.object }

// A holder keeps the state of an object for the engine. It is the value of a property that
// is named by a symbol, which only Object.getOwnPropertySymbols shows to a script: the engine
// has no other place in an object to which a script may add properties.
type holder struct{ Platform }

func (holder) Get(string) goja.Value       { return nil }
func (holder) Set(string, goja.Value) bool { return false }
func (holder) Has(string) bool             { return false }
func (holder) Delete(string) bool          { return false }
func (holder) Keys() []string              { return nil }

var stateKey = goja.NewSymbol("state")

// StateOf returns the state of an object, or nil if v is none of a Class.
func StateOf(v goja.Value) Platform {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	p, ok := o.GetSymbol(stateKey).(*goja.Object)
	if !ok {
		return nil
	}
	h, ok := p.Export().(holder)
	if !ok || h.platform().object != o {
		return nil // another object inherits from it
	}
	return h.Platform
}

// built is a Class in a Realm.
type built struct {
	constructor, prototype *goja.Object
	unforgeable            []accessor
}

// An accessor is the getter of an attribute that each object itself has.
type accessor struct {
	name string
	get  goja.Value
}

type attributes struct{ writable, enumerable, configurable goja.Flag }

var (
	constant = attributes{goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE}
	fixed    = attributes{goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE}
	label    = attributes{goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE}
	hidden   = attributes{goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE}
	member   = attributes{goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE}
)

func (r *Realm) define(o *goja.Object, name string, v goja.Value, a attributes) {
	if err := o.DefineDataProperty(name, v, a.writable, a.configurable, a.enumerable); err != nil {
		panic(err)
	}
}

func (r *Realm) defineSymbol(o *goja.Object, name *goja.Symbol, v goja.Value, a attributes) {
	if err := o.DefineDataPropertySymbol(name, v, a.writable, a.configurable, a.enumerable); err != nil {
		panic(err)
	}
}

// Func returns a function of the script, which throws if it has fewer than length arguments.
func (r *Realm) Func(name string, length int, fn func(this goja.Value, args []goja.Value) goja.Value) *goja.Object {
	return r.function(name, length, func(this goja.Value, args []goja.Value) goja.Value {
		if len(args) < length {
			panic(r.NewTypeError("Failed to execute '%s': %s", name, tooFew(length, len(args))))
		}
		return fn(this, args)
	})
}

// function returns a function of the script, which has any number of arguments.
func (r *Realm) function(name string, length int, fn func(this goja.Value, args []goja.Value) goja.Value) *goja.Object {
	f := r.ToValue(func(c goja.FunctionCall) goja.Value { return fn(c.This, c.Arguments) }).(*goja.Object)
	r.define(f, "name", r.ToValue(name), label)
	r.define(f, "length", r.ToValue(length), label)
	return f
}

// newShim makes a constructor: only a function of the script learns whether it was called
// with new.
var newShim = goja.MustCompile("constructor", `(function(construct) {
	return function() { return construct(new.target, ...arguments) }
})`, true)

// Constructor returns the object by which scripts know the class.
func (r *Realm) Constructor(c *Class) *goja.Object { return r.build(c).constructor }

// Wrap returns a new object of the class for a state that Go code has made.
func (r *Realm) Wrap(c *Class, state Platform) *goja.Object {
	b := r.build(c)
	return r.wrap(b, b.prototype, state)
}

func (r *Realm) wrap(b *built, prototype *goja.Object, state Platform) *goja.Object {
	o := r.CreateObject(prototype)
	state.platform().object = o
	for _, a := range b.unforgeable {
		if err := o.DefineAccessorProperty(a.name, a.get, nil, goja.FLAG_FALSE, goja.FLAG_TRUE); err != nil {
			panic(err)
		}
	}
	r.defineSymbol(o, stateKey, r.NewDynamicObject(holder{state}), fixed)
	return o
}

func (r *Realm) build(c *Class) *built {
	if b := r.classes[c]; b != nil {
		return b
	}
	if r.makeNew == nil {
		v, err := r.RunProgram(newShim)
		if err != nil {
			panic(err)
		}
		r.makeNew, _ = goja.AssertFunction(v)
		r.classes = make(map[*Class]*built)
	}
	v, err := r.makeNew(nil, r.ToValue(func(call goja.FunctionCall) goja.Value { return r.construct(c, call) }))
	if err != nil {
		panic(err)
	}
	b := &built{constructor: v.(*goja.Object)}
	b.prototype = b.constructor.Get("prototype").(*goja.Object)
	r.classes[c] = b
	r.define(b.constructor, "prototype", b.prototype, fixed)
	r.define(b.constructor, "name", r.ToValue(c.Name), label)
	r.define(b.constructor, "length", r.ToValue(c.Length), label)
	r.defineSymbol(b.prototype, goja.SymToStringTag, r.ToValue(c.Name), label)
	switch {
	case c.Parent != nil:
		parent := r.build(c.Parent)
		b.unforgeable = parent.unforgeable
		b.constructor.SetPrototype(parent.constructor)
		b.prototype.SetPrototype(parent.prototype)
	case c.ErrorParent:
		b.prototype.SetPrototype(r.errorPrototype())
	}
	for _, k := range c.Constants {
		r.define(b.constructor, k.Name, r.ToValue(k.Value), constant)
		r.define(b.prototype, k.Name, r.ToValue(k.Value), constant)
	}
	for _, a := range c.Attributes {
		r.attribute(b.prototype, a)
	}
	for _, a := range c.Unforgeable {
		b.unforgeable = append(b.unforgeable, accessor{a.name, r.getter(a)})
	}
	for _, op := range c.Operations {
		r.define(b.prototype, op.name, r.operation(c, op), member)
	}
	if c.Pairs != nil {
		r.pairs(c, b.prototype)
	}
	for _, op := range c.Statics {
		r.define(b.constructor, op.name, r.operation(c, op), member)
	}
	return b
}

func (r *Realm) getter(a Attribute) goja.Value {
	return r.Func("get "+a.name, 0, func(this goja.Value, _ []goja.Value) goja.Value {
		return a.get(r, StateOf(this))
	})
}

func (r *Realm) attribute(prototype *goja.Object, a Attribute) {
	get := r.getter(a)
	var set goja.Value
	if a.set != nil {
		set = r.function("set "+a.name, 1, func(this goja.Value, args []goja.Value) goja.Value {
			a.set(r, StateOf(this), Arg(args, 0))
			return goja.Undefined()
		})
	}
	if err := prototype.DefineAccessorProperty(a.name, get, set, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}

func (r *Realm) operation(c *Class, op Operation) goja.Value {
	return r.function(op.name, op.length, func(this goja.Value, args []goja.Value) goja.Value {
		if len(args) < op.length {
			panic(r.NewTypeError("Failed to execute '%s' on '%s': %s", op.name, c.Name, tooFew(op.length, len(args))))
		}
		v := op.call(r, StateOf(this), args)
		if v == nil {
			return goja.Undefined()
		}
		return v
	})
}

// construct makes an object. The arguments are new.target and those of the script.
func (r *Realm) construct(c *Class, call goja.FunctionCall) goja.Value {
	target, _ := call.Argument(0).(*goja.Object)
	args := call.Arguments[1:]
	switch {
	case c.Construct == nil:
		panic(r.NewTypeError("Illegal constructor"))
	case target == nil:
		panic(r.NewTypeError("Failed to construct '%s': Please use the 'new' operator, this DOM object constructor cannot be called as a function.", c.Name))
	case len(args) < c.Length:
		panic(r.NewTypeError("Failed to construct '%s': %s", c.Name, tooFew(c.Length, len(args))))
	}
	b := r.build(c)
	prototype, ok := target.Get("prototype").(*goja.Object)
	if !ok {
		prototype = b.prototype
	}
	return r.wrap(b, prototype, c.Construct(r, args))
}

func tooFew(needed, present int) string {
	if needed == 1 {
		return "1 argument required, but only 0 present."
	}
	return fmt.Sprintf("%d arguments required, but only %d present.", needed, present)
}

// Arg returns an argument, or undefined if there are fewer.
func Arg(args []goja.Value, i int) goja.Value {
	if i < len(args) {
		return args[i]
	}
	return goja.Undefined()
}

// Member returns a member of a dictionary (Web IDL, section 3.2.17): undefined if it is
// missing, or if there is no dictionary. It throws if v is no object.
func Member(r *Realm, v goja.Value, name string) goja.Value {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		return goja.Undefined()
	}
	o, ok := v.(*goja.Object)
	if !ok {
		panic(r.NewTypeError("The provided value is not of type 'object'."))
	}
	if m := o.Get(name); m != nil {
		return m
	}
	return goja.Undefined()
}

// Global returns the global property with the constructor of the class.
func (c *Class) Global() Global {
	return Global{c.Name, func(r *Realm) goja.Value { return r.Constructor(c) }}
}
