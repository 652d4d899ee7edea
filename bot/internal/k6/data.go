package k6

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/dop251/goja"
)

// Limits of what scripts read.
const (
	maxFile  = 64 << 20 // bytes of a file that a script opens
	maxItems = 1 << 20  // items of a SharedArray
)

// maxShared is how many bytes all SharedArrays have at most, as JSON. Tests set it.
var maxShared = 256 << 20

// ErrFile is the error for a file that is longer than a script may open.
var ErrFile = fmt.Errorf("a script opens files of at most %d MiB", maxFile>>20)

// open reads a file beside the script.
func (v *VU) open(call goja.FunctionCall) goja.Value {
	if !v.Init {
		v.fail("open() can be called only while the script itself runs, not in a function")
	}
	name := v.Realm.Text(call.Argument(0))
	if !filepath.IsAbs(name) {
		name = filepath.Join(v.Test.Folder, name)
	}
	content, err := readFile(name)
	if err != nil {
		v.fail("open(): %w", err)
	}
	if mode := call.Argument(1); !goja.IsUndefined(mode) && mode.String() == "b" {
		return v.Realm.Buffer(content)
	}
	return v.Realm.ToValue(string(content))
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s: %w", name, ErrFile)
	}
	return content, err
}

// arrays are the SharedArrays of a test, by their names: each item is JSON.
type arrays struct {
	mu     sync.Mutex
	byName map[string][]string
	size   int
}

func (a *arrays) get(name string) ([]string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	items, ok := a.byName[name]
	return items, ok
}

// set remembers items, unless another VU was first, and returns what is remembered.
func (a *arrays) set(name string, items []string) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, ok := a.byName[name]; ok {
		return before, nil
	}
	size := len(name)
	for _, item := range items {
		size += len(item)
	}
	if len(name) > maxName || a.size+size > maxShared {
		return nil, errShared()
	}
	a.size += size
	if a.byName == nil {
		a.byName = make(map[string][]string)
	}
	a.byName[name] = items
	return items, nil
}

// errItems is the error for a SharedArray that is too long.
var errItems = fmt.Errorf("a SharedArray has at most %d items", maxItems)

// errShared returns the error for SharedArrays that are too large.
func errShared() error {
	return fmt.Errorf("all SharedArrays have at most %d MiB as JSON, and a name has at most %d bytes", maxShared>>20, maxName)
}

// data is the module k6/data.
func data(v *VU) goja.Value {
	return v.exports(map[string]any{
		"SharedArray": func(call goja.ConstructorCall) *goja.Object {
			if !v.Init {
				v.fail("new SharedArray() can be called only while the script itself runs, not in a function")
			}
			name := v.Realm.Text(call.Argument(0))
			items, ok := v.Test.arrays.get(name)
			if !ok {
				var err error
				if items, err = v.Test.arrays.set(name, v.items(call.Argument(1))); err != nil {
					v.fail("new SharedArray(): %w", err)
				}
			}
			return v.Realm.NewDynamicArray(&sharedArray{v, items})
		},
	})
}

// items calls the function that makes a SharedArray.
func (v *VU) items(make goja.Value) []string {
	fn, ok := goja.AssertFunction(make)
	if !ok {
		v.fail("new SharedArray() needs a name and a function")
	}
	result, err := fn(goja.Undefined())
	if err != nil {
		panic(err)
	}
	o, ok := result.(*goja.Object)
	if !ok || o.ClassName() != "Array" {
		v.fail("the function of new SharedArray() must return an array")
	}
	n := o.Get("length").ToInteger()
	if n > maxItems {
		v.fail("%w", errItems)
	}
	var items []string
	size := 0
	for i := range n {
		item := v.stringify(o.Get(fmt.Sprint(i)))
		if size += len(item); size > maxShared {
			v.fail("new SharedArray(): %w", errShared())
		}
		items = append(items, item)
	}
	return items
}

// stringify is JSON.stringify.
func (v *VU) stringify(value goja.Value) string { return v.json("stringify", value).String() }

func (v *VU) parse(text string) goja.Value { return v.json("parse", v.Realm.ToValue(text)) }

func (v *VU) json(name string, arg goja.Value) goja.Value {
	result, err := v.jsonFunctions[name](goja.Undefined(), arg)
	if err != nil {
		panic(err)
	}
	return result
}

// A sharedArray is an array whose items are made when they are asked for. It cannot be
// changed.
type sharedArray struct {
	vu    *VU
	items []string
}

func (a *sharedArray) Len() int { return len(a.items) }

func (a *sharedArray) Get(i int) goja.Value {
	if i < 0 || i >= len(a.items) {
		return goja.Undefined()
	}
	if a.items[i] == "undefined" {
		return goja.Undefined()
	}
	return a.vu.parse(a.items[i])
}

func (a *sharedArray) Set(int, goja.Value) bool { return false }

func (a *sharedArray) SetLen(int) bool { return false }

// JSON returns a value as JSON; "undefined" if it has none. It throws for a function, and if
// JSON.stringify does.
func (v *VU) JSON(value goja.Value) string {
	if _, ok := goja.AssertFunction(value); ok {
		v.fail("a function cannot be passed on as JSON")
	}
	return v.stringify(value)
}

// Parse returns the value of what JSON has returned.
func (v *VU) Parse(text string) goja.Value {
	if text == "" || text == "undefined" {
		return goja.Undefined()
	}
	return v.parse(text)
}
