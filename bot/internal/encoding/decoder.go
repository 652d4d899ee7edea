package encoding

import (
	"errors"
	"strings"

	"github.com/dop251/goja"
	text "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// decoder is the state of a TextDecoder.
type decoder struct {
	realm.Object
	name      string
	fatal     bool
	ignoreBOM bool

	stream  *text.Decoder // nil before the first call of decode, and after the last
	pending []byte        // the begin of a character
	began   bool          // something was decoded
}

var decoderClass = &realm.Class{
	Name: "TextDecoder",
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		label := "utf-8"
		if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
			label = strings.Trim(r.Text(v), "\t\n\f\r ")
		}
		e, err := htmlindex.Get(label)
		if err != nil {
			panic(r.NewRangeError("Failed to construct 'TextDecoder': The encoding label provided ('" + label + "') is invalid."))
		}
		d := new(decoder)
		d.name, _ = htmlindex.Name(e)
		d.fatal = realm.Member(r, realm.Arg(args, 1), "fatal").ToBoolean()
		d.ignoreBOM = realm.Member(r, realm.Arg(args, 1), "ignoreBOM").ToBoolean()
		return d
	},
	Attributes: []realm.Attribute{
		realm.Attr("encoding", func(r *realm.Realm, d *decoder) goja.Value { return r.ToValue(d.name) }, nil),
		realm.Attr("fatal", func(r *realm.Realm, d *decoder) goja.Value { return r.ToValue(d.fatal) }, nil),
		realm.Attr("ignoreBOM", func(r *realm.Realm, d *decoder) goja.Value { return r.ToValue(d.ignoreBOM) }, nil),
	},
	Operations: []realm.Operation{
		realm.Op("decode", 0, func(r *realm.Realm, d *decoder, args []goja.Value) goja.Value {
			var data []byte
			if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
				var ok bool
				if data, ok = r.Bytes(v); !ok {
					panic(r.NewTypeError("Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'ArrayBuffer'."))
				}
			}
			s, err := d.decode(data, !realm.Member(r, realm.Arg(args, 1), "stream").ToBoolean())
			if err != nil {
				panic(r.NewTypeError("Failed to execute 'decode' on 'TextDecoder': The encoded data was not valid."))
			}
			return r.ToValue(s)
		}),
	},
}

var errInvalid = errors.New("the data is not valid in its encoding")

// decode decodes data, the last of it if last is true.
func (d *decoder) decode(data []byte, last bool) (string, error) {
	if d.stream == nil {
		e, err := htmlindex.Get(d.name)
		if err != nil {
			return "", err
		}
		if d.name == "utf-8" {
			e = unicode.UTF8
		}
		d.stream = e.NewDecoder()
	}
	data = append(d.pending, data...)
	out := make([]byte, 0, 3*len(data)+16)
	for {
		nDst, nSrc, err := d.stream.Transform(out[len(out):cap(out)], data, last)
		out, data = out[:len(out)+nDst], data[nSrc:]
		if err == transform.ErrShortDst {
			out = append(make([]byte, 0, 2*cap(out)), out...)
			continue
		}
		break
	}
	d.pending = append([]byte{}, data...)
	s := string(out)
	if s != "" && !d.began && !d.ignoreBOM {
		s = strings.TrimPrefix(s, "\uFEFF")
	}
	d.began = d.began || len(out) > 0
	if last {
		d.stream, d.pending, d.began = nil, nil, false
	}
	if d.fatal && strings.ContainsRune(s, '\uFFFD') {
		d.stream, d.pending, d.began = nil, nil, false
		return "", errInvalid
	}
	return s, nil
}
