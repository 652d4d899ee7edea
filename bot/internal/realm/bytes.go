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
	class, _ := viewOf(v)
	return class
}

// viewOf returns what the engine keeps of a view too.
func viewOf(v goja.Value) (class string, self reflect.Value) {
	o, ok := v.(*goja.Object)
	if !ok {
		return "", self
	}
	switch self = reflect.ValueOf(o).Elem().FieldByName("self").Elem().Elem(); self.Type().String() {
	case "goja.dataViewObject":
		return "DataView", self
	case "goja.typedArrayObject":
		name := self.FieldByName("typedArray").Elem().Type().Elem().Name()
		return strings.ToUpper(name[:1]) + name[1:], self
	}
	return "", self
}

// Bytes returns the bytes of an ArrayBuffer, or those that a typed array or a DataView shows:
// none if its buffer is detached. They belong to the script. ok is false if v is something else.
func (r *Realm) Bytes(v goja.Value) (data []byte, ok bool) {
	class, self := viewOf(v)
	var offset, end int64
	switch class {
	case "":
		o, ok := v.(*goja.Object)
		if !ok || o.ExportType() != bufferType {
			return nil, false
		}
		return o.Export().(goja.ArrayBuffer).Bytes(), true
	case "DataView":
		offset = self.FieldByName("byteOffset").Int()
		end = offset + self.FieldByName("byteLen").Int()
	default: // the engine's own function does pointer arithmetic, beyond the end of empty ones
		size := self.FieldByName("elemSize").Int()
		offset = self.FieldByName("offset").Int() * size
		end = offset + self.FieldByName("length").Int()*size
	}
	data = self.FieldByName("viewedArrayBuf").Elem().FieldByName("data").Bytes()
	if end > int64(len(data)) {
		return nil, true
	}
	return data[offset:end:end], true
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
