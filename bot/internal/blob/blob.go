// Package blob has the class Blob (File API, section 3).
package blob

import (
	"fmt"
	"math"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// MaxSize is how many bytes a Blob may have, and maxParts of how many parts it is made.
const (
	MaxSize  = 64 << 20
	maxParts = 100_000
)

// A Blob is the state of a Blob.
type Blob struct {
	realm.Object
	Data []byte // never changed
	Type string
}

// Globals are the classes of this package.
var Globals = []realm.Global{{Name: "Blob", Build: func(r *realm.Realm) goja.Value { return r.Constructor(class) }}}

// New returns a Blob, which owns data.
func New(r *realm.Realm, data []byte, typ string) *goja.Object {
	return r.Wrap(class, &Blob{Data: data, Type: typ})
}

var class *realm.Class

func init() {
	class = &realm.Class{
		Name:      "Blob",
		Construct: construct,
		Attributes: []realm.Attribute{
			realm.Attr("size", func(r *realm.Realm, b *Blob) goja.Value { return r.ToValue(len(b.Data)) }, nil),
			realm.Attr("type", func(r *realm.Realm, b *Blob) goja.Value { return r.ToValue(b.Type) }, nil),
		},
		Operations: []realm.Operation{
			realm.Op("slice", 0, slice),
			realm.Op("text", 0, func(r *realm.Realm, b *Blob, _ []goja.Value) goja.Value {
				return r.Resolved(r.ToValue(strings.ToValidUTF8(string(b.Data), "\uFFFD")))
			}),
			realm.Op("arrayBuffer", 0, func(r *realm.Realm, b *Blob, _ []goja.Value) goja.Value {
				return r.Resolved(r.Buffer(append([]byte{}, b.Data...)))
			}),
			realm.Op("bytes", 0, func(r *realm.Realm, b *Blob, _ []goja.Value) goja.Value {
				return r.Resolved(r.Uint8Array(append([]byte{}, b.Data...)))
			}),
		},
	}
}

func construct(r *realm.Realm, args []goja.Value) realm.Platform {
	b := new(Blob)
	if parts := realm.Arg(args, 0); !goja.IsUndefined(parts) {
		o, ok := parts.(*goja.Object)
		if !ok {
			panic(r.NewTypeError("Failed to construct 'Blob': The provided value cannot be converted to a sequence."))
		}
		parts := 0
		r.ForOf(o, func(part goja.Value) bool {
			if parts++; parts > maxParts {
				events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to construct 'Blob': there are more than %d parts.", maxParts))
			}
			if data, ok := r.Bytes(part); ok {
				b.add(r, data)
			} else if other, ok := realm.StateOf(part).(*Blob); ok {
				b.add(r, other.Data)
			} else {
				b.add(r, []byte(r.Text(part)))
			}
			return true
		})
	}
	if v := realm.Member(r, realm.Arg(args, 1), "type"); !goja.IsUndefined(v) {
		b.Type = mediaType(r.Text(v))
	}
	return b
}

func (b *Blob) add(r *realm.Realm, data []byte) {
	if len(b.Data)+len(data) > MaxSize {
		events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to construct 'Blob': it would have more than %d bytes.", MaxSize))
	}
	b.Data = append(b.Data, data...)
}

// mediaType returns a type as a Blob has it: in lower case, and empty if it has characters
// other than printable ones of ASCII.
func mediaType(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return ""
		}
	}
	return strings.ToLower(s)
}

func slice(r *realm.Realm, b *Blob, args []goja.Value) goja.Value {
	from, to := 0, len(b.Data)
	if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
		from = position(v, to)
	}
	if v := realm.Arg(args, 1); !goja.IsUndefined(v) {
		to = position(v, to)
	}
	typ := ""
	if v := realm.Arg(args, 2); !goja.IsUndefined(v) {
		typ = mediaType(r.Text(v))
	}
	return New(r, b.Data[min(from, to):to:to], typ)
}

// position returns an argument of slice as an index from 0 to size.
func position(v goja.Value, size int) int {
	f := v.ToFloat()
	if math.IsNaN(f) {
		return 0
	}
	if f < 0 {
		f += float64(size)
	}
	return int(min(max(f, 0), float64(size)))
}
