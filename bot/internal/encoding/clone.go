package encoding

import (
	"reflect"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// maxDepth is how deeply objects may contain each other in structuredClone.
const maxDepth = 1000

// A cloner copies a value, and what it contains.
type cloner struct {
	realm *realm.Realm
	done  map[*goja.Object]*goja.Object
}

func (c *cloner) clone(v goja.Value, depth int) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		if _, isSymbol := v.(*goja.Symbol); isSymbol {
			c.refuse(v)
		}
		return v
	}
	if copied := c.done[o]; copied != nil {
		return copied
	}
	if depth > maxDepth {
		panic(c.realm.NewRangeError("structuredClone: the objects contain each other too deeply"))
	}
	if data, ok := c.realm.Bytes(o); ok {
		return c.bytes(o, data)
	}
	switch class := classOf(o); class {
	case "Function":
		c.refuse(o)
	case "Array":
		return c.members(o, c.realm.NewArray(), depth)
	case "Date", "Boolean", "Number", "String", "RegExp":
		return c.make(class, o)
	case "Error":
		return c.keep(o, c.make(errorName(c.realm, o), realm.Member(c.realm, o, "message")))
	case "Map", "Set":
		return c.collection(o, class, depth)
	}
	if realm.StateOf(o) != nil {
		c.refuse(o)
	}
	return c.members(o, c.realm.NewObject(), depth)
}

// The types of Go for two classes whose name the engine does not tell.
var mapType, setType = reflect.TypeFor[[][2]any](), reflect.TypeFor[[]any]()

func classOf(o *goja.Object) string {
	switch class := o.ClassName(); {
	case class == "Array":
		return class
	case o.ExportType() == mapType:
		return "Map"
	case o.ExportType() == setType:
		return "Set"
	default:
		return class
	}
}

func (c *cloner) refuse(v goja.Value) {
	events.Throw(c.realm, "DataCloneError", "Failed to execute 'structuredClone': "+c.realm.TextOf(v)+" could not be cloned.")
}

func (c *cloner) keep(from, to *goja.Object) *goja.Object {
	c.done[from] = to
	return to
}

func (c *cloner) make(class string, args ...goja.Value) *goja.Object {
	return c.realm.Make(class, args...)
}

func (c *cloner) members(from, to *goja.Object, depth int) goja.Value {
	c.keep(from, to)
	for _, key := range from.Keys() {
		if err := to.Set(key, c.clone(realm.Member(c.realm, from, key), depth+1)); err != nil {
			panic(err)
		}
	}
	return to
}

// collection copies a Map or a Set.
func (c *cloner) collection(from *goja.Object, class string, depth int) goja.Value {
	to := c.keep(from, c.make(class))
	var items []goja.Value
	c.realm.ForOf(from, func(v goja.Value) bool {
		items = append(items, v)
		return true
	})
	name := "add"
	if class == "Map" {
		name = "set"
	}
	add, ok := goja.AssertFunction(to.Get(name))
	if !ok {
		c.refuse(from)
	}
	for _, item := range items {
		args := []goja.Value{item}
		if class == "Map" {
			args = []goja.Value{realm.Member(c.realm, item, "0"), realm.Member(c.realm, item, "1")}
		}
		for i := range args {
			args[i] = c.clone(args[i], depth+1)
		}
		if _, err := add(to, args...); err != nil {
			panic(err)
		}
	}
	return to
}

// bytes copies an ArrayBuffer, or a view and what it shows.
func (c *cloner) bytes(o *goja.Object, data []byte) goja.Value {
	buffer := c.realm.Buffer(append([]byte{}, data...))
	if o.ExportType() == reflect.TypeFor[goja.ArrayBuffer]() {
		return c.keep(o, buffer.(*goja.Object))
	}
	return c.keep(o, c.make(realm.ViewOf(o), buffer))
}

func errorName(r *realm.Realm, o *goja.Object) string {
	switch name := realm.Member(r, o, "name").String(); name {
	case "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError":
		return name
	}
	return "Error"
}
