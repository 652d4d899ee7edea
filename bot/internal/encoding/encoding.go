// Package encoding has TextEncoder and TextDecoder (Encoding standard), btoa and atob (HTML,
// section 8.3), and structuredClone (HTML, section 2.7).
package encoding

import (
	"encoding/base64"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// Globals are the classes and functions of this package.
var Globals = []realm.Global{
	encoderClass.Global(),
	decoderClass.Global(),
	{Name: "btoa", Build: func(r *realm.Realm) goja.Value {
		return r.Func("btoa", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			data, ok := latin1(r.Text(realm.Arg(args, 0)))
			if !ok {
				events.Throw(r, "InvalidCharacterError", "Failed to execute 'btoa': The string to be encoded contains characters outside of the Latin1 range.")
			}
			return r.ToValue(base64.StdEncoding.EncodeToString(data))
		})
	}},
	{Name: "atob", Build: func(r *realm.Realm) goja.Value {
		return r.Func("atob", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			data, err := forgiving(r.Text(realm.Arg(args, 0)))
			if err != nil {
				events.Throw(r, "InvalidCharacterError", "Failed to execute 'atob': The string to be decoded is not correctly encoded.")
			}
			return r.ToValue(fromLatin1(data))
		})
	}},
	{Name: "structuredClone", Build: func(r *realm.Realm) goja.Value {
		return r.Func("structuredClone", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			c := cloner{realm: r, done: make(map[*goja.Object]*goja.Object)}
			return c.clone(realm.Arg(args, 0), 0)
		})
	}},
}

// latin1 returns the characters of s as bytes.
func latin1(s string) (data []byte, ok bool) {
	for _, c := range s {
		if c > 0xFF {
			return nil, false
		}
		data = append(data, byte(c))
	}
	return data, true
}

func fromLatin1(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// forgiving decodes base64 as in the Infra standard, section 7: white space and missing
// padding do not matter.
func forgiving(s string) ([]byte, error) {
	s = strings.Map(func(c rune) rune {
		if strings.ContainsRune("\t\n\f\r ", c) {
			return -1
		}
		return c
	}, s)
	if len(s)%4 == 0 {
		s = strings.TrimSuffix(s, "=")
		if len(s)%4 == 3 {
			s = strings.TrimSuffix(s, "=")
		}
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// encoder is the state of a TextEncoder.
type encoder struct{ realm.Object }

var encoderClass = &realm.Class{
	Name:      "TextEncoder",
	Construct: func(*realm.Realm, []goja.Value) realm.Platform { return new(encoder) },
	Attributes: []realm.Attribute{
		realm.Attr("encoding", func(r *realm.Realm, _ *encoder) goja.Value { return r.ToValue("utf-8") }, nil),
	},
	Operations: []realm.Operation{
		realm.Op("encode", 0, func(r *realm.Realm, _ *encoder, args []goja.Value) goja.Value {
			s := ""
			if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
				s = r.Text(v)
			}
			return r.Uint8Array([]byte(s))
		}),
		realm.Op("encodeInto", 2, encodeInto),
	},
}

func encodeInto(r *realm.Realm, _ *encoder, args []goja.Value) goja.Value {
	to, ok := r.Bytes(args[1])
	if !ok {
		panic(r.NewTypeError("Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'."))
	}
	read, written := 0, 0
	for _, c := range r.Text(args[0]) {
		part := string(c)
		if written+len(part) > len(to) {
			break
		}
		written += copy(to[written:], part)
		if read++; c > 0xFFFF {
			read++
		}
	}
	o := r.NewObject()
	o.Set("read", read)
	o.Set("written", written)
	return o
}
