package realm

import (
	"github.com/dop251/goja"
)

// A Global is a property of the global object that is built when the script first uses it.
type Global struct {
	Name  string
	Build func(r *Realm) goja.Value
}

// Globals are lists of the global properties that all realms have. They are built once, and
// shared.
type Globals map[string]Global

// NewGlobals returns the Globals of some lists.
func NewGlobals(lists ...[]Global) Globals {
	all := make(Globals)
	for _, list := range lists {
		for _, g := range list {
			all[g.Name] = g
		}
	}
	return all
}

// globals is the prototype of the global object. It builds a property when it is first
// asked for it: an instance then has only what its script uses.
type globals struct {
	realm *Realm
	all   Globals
	built map[string]bool
}

// SetGlobals gives the global object the properties of all.
func (r *Realm) SetGlobals(all Globals) error {
	r.globals = &globals{realm: r, all: all, built: make(map[string]bool)}
	return r.GlobalObject().SetPrototype(r.NewDynamicObject(r.globals))
}

// Has and the following methods make globals a goja.DynamicObject.
func (g *globals) Has(name string) bool {
	_, ok := g.all[name]
	return ok && !g.built[name]
}

func (g *globals) Get(name string) goja.Value {
	if !g.Has(name) {
		return nil
	}
	g.built[name] = true
	v := g.all[name].Build(g.realm)
	g.realm.define(g.realm.GlobalObject(), name, v, hidden)
	return v
}

func (g *globals) Set(name string, v goja.Value) bool {
	g.built[name] = true
	g.realm.define(g.realm.GlobalObject(), name, v, hidden)
	return true
}

func (g *globals) Delete(name string) bool {
	g.built[name] = true
	return true
}

func (g *globals) Keys() []string { return nil }
