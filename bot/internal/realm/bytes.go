package realm

import (
	"reflect"
	"strings"

	"github.com/dop251/goja"
)

var bufferType = reflect.TypeFor[goja.ArrayBuffer]()

// ViewOf returns the name of the class that a typed array or a DataView was made with, and ""
// for other values. The script cannot make it return anything else: it may replace all
// properties of such an object, but not its type in the engine.
func ViewOf(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return ""
	}
	self := reflect.ValueOf(o).Elem().FieldByName("self").Elem()
	switch self.Type().String() {
	case "*goja.dataViewObject":
		return "DataView"
	case "*goja.typedArrayObject":
		name := self.Elem().FieldByName("typedArray").Elem().Type().Elem().Name()
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return ""
}

// Bytes returns the bytes of an ArrayBuffer, or those that a typed array or a DataView shows.
// They belong to the script. ok is false if v is something else.
func (r *Realm) Bytes(v goja.Value) (data []byte, ok bool) {
	o, isObject := v.(*goja.Object)
	switch {
	case !isObject:
		return nil, false
	case o.ExportType() == bufferType:
		return o.Export().(goja.ArrayBuffer).Bytes(), true
	case ViewOf(o) == "":
		return nil, false
	}
	defer func() {
		if recover() != nil {
			data, ok = nil, true // the buffer is detached
		}
	}()
	if err := r.ExportTo(o, &data); err != nil {
		return nil, false
	}
	return data, true
}

// Buffer returns an ArrayBuffer that owns data.
func (r *Realm) Buffer(data []byte) goja.Value {
	if data == nil {
		data = []byte{} // nil would be a detached one
	}
	return r.ToValue(r.NewArrayBuffer(data))
}

// Text converts v to a string (Web IDL, USVString): lone surrogates become U+FFFD. It throws
// if v is a symbol.
func (r *Realm) Text(v goja.Value) string {
	if _, ok := v.(*goja.Symbol); ok {
		panic(r.NewTypeError("Cannot convert a Symbol value to a string"))
	}
	return v.String()
}

// Resolved returns a promise that is resolved with v.
func (r *Realm) Resolved(v goja.Value) goja.Value {
	p, resolve, _ := r.NewPromise()
	if err := resolve(v); err != nil {
		panic(err)
	}
	return r.ToValue(p)
}

// Rejected returns a promise that is rejected with v.
func (r *Realm) Rejected(v goja.Value) goja.Value {
	p, _, reject := r.NewPromise()
	if err := reject(v); err != nil {
		panic(err)
	}
	return r.ToValue(p)
}

// Uint8Array returns an Uint8Array that owns data.
func (r *Realm) Uint8Array(data []byte) goja.Value { return r.Make("Uint8Array", r.Buffer(data)) }

// Make returns a new object of a class of the language. It throws if the script has replaced
// the class by something else.
func (r *Realm) Make(class string, args ...goja.Value) *goja.Object {
	o, err := r.Runtime.New(r.Get(class), args...)
	if err != nil {
		panic(err)
	}
	return o
}

// NewRangeError returns a RangeError. It is one that the engine itself throws, because the
// script may replace the class.
func (r *Realm) NewRangeError(message string) *goja.Object {
	ex, ok := r.NewArray().Set("length", -1).(*goja.Exception)
	if !ok {
		return r.NewTypeError(message)
	}
	o := ex.Value().(*goja.Object)
	r.define(o, "message", r.ToValue(message), hidden)
	return o
}

// errorPrototype returns the prototype of Error, also if the script has replaced that.
func (r *Realm) errorPrototype() *goja.Object { return r.NewTypeError("").Prototype().Prototype() }
