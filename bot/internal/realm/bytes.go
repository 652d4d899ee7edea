package realm

import (
	"reflect"

	"github.com/dop251/goja"
)

var bufferType = reflect.TypeFor[goja.ArrayBuffer]()

// isView is ArrayBuffer.isView, whatever the script makes of it.
var isView = NewKey(func(r *Realm) goja.Callable {
	fn, _ := goja.AssertFunction(r.Get("ArrayBuffer").(*goja.Object).Get("isView"))
	return fn
})

// Bytes returns the bytes of an ArrayBuffer, or those that a typed array or a DataView shows.
// They belong to the script. ok is false if v is something else.
func (r *Realm) Bytes(v goja.Value) (data []byte, ok bool) {
	o, isObject := v.(*goja.Object)
	if !isObject || StateOf(o) != nil {
		return nil, false
	}
	if o.ExportType() == bufferType {
		return o.Export().(goja.ArrayBuffer).Bytes(), true
	}
	if v, err := isView.In(r)(nil, o); err != nil || !v.ToBoolean() {
		return nil, false
	}
	b, ok := o.Get("buffer").Export().(goja.ArrayBuffer)
	if !ok {
		return nil, false
	}
	from := o.Get("byteOffset").ToInteger()
	return b.Bytes()[from : from+o.Get("byteLength").ToInteger()], true
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
func (r *Realm) Uint8Array(data []byte) goja.Value {
	v, err := r.Runtime.New(r.Get("Uint8Array"), r.Buffer(data))
	if err != nil {
		panic(err)
	}
	return v
}

// NewRangeError returns a RangeError.
func (r *Realm) NewRangeError(message string) *goja.Object {
	o, err := r.Runtime.New(r.Get("RangeError"), r.ToValue(message))
	if err != nil {
		panic(err)
	}
	return o
}
