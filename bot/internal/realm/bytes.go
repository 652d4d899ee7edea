package realm

import "github.com/dop251/goja"

// ViewBytes returns the bytes that a view of an ArrayBuffer shows, a typed array or a
// DataView. They belong to the script.
func (r *Realm) ViewBytes(o *goja.Object) (data []byte, ok bool) {
	isView, _ := goja.AssertFunction(r.Get("ArrayBuffer").(*goja.Object).Get("isView"))
	if v, err := isView(nil, o); err != nil || !v.ToBoolean() {
		return nil, false
	}
	b, ok := o.Get("buffer").Export().(goja.ArrayBuffer)
	if !ok {
		return nil, false
	}
	from := o.Get("byteOffset").ToInteger()
	return b.Bytes()[from : from+o.Get("byteLength").ToInteger()], true
}
