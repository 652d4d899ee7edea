package k6

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"

	"github.com/dop251/goja"
)

var base64s = map[string]*base64.Encoding{
	"": base64.StdEncoding, "std": base64.StdEncoding, "rawstd": base64.RawStdEncoding,
	"url": base64.URLEncoding, "rawurl": base64.RawURLEncoding,
}

// bytes returns the bytes of a string or of an ArrayBuffer.
func (v *VU) bytes(value goja.Value) []byte {
	if b, ok := v.Realm.Bytes(value); ok {
		return b
	}
	return []byte(v.Realm.Text(value))
}

// option returns an argument as a string, or "" if it is missing.
func option(value goja.Value) string {
	if goja.IsUndefined(value) || goja.IsNull(value) {
		return ""
	}
	return value.String()
}

// encoding is the module k6/encoding.
func encoding(v *VU) goja.Value {
	coding := func(value goja.Value) *base64.Encoding {
		e := base64s[option(value)]
		if e == nil {
			v.fail("%q is no encoding: use std, rawstd, url or rawurl", option(value))
		}
		return e
	}
	return v.exports(map[string]any{
		"b64encode": func(call goja.FunctionCall) goja.Value {
			return v.Realm.ToValue(coding(call.Argument(1)).EncodeToString(v.bytes(call.Argument(0))))
		},
		"b64decode": func(call goja.FunctionCall) goja.Value {
			decoded, err := coding(call.Argument(1)).DecodeString(v.Realm.Text(call.Argument(0)))
			if err != nil {
				v.fail("b64decode(): %w", err)
			}
			if option(call.Argument(2)) == "s" {
				return v.Realm.ToValue(string(decoded))
			}
			return v.Realm.Buffer(decoded)
		},
	})
}

var hashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
	"sha512_224": sha512.New512_224, "sha512_256": sha512.New512_256,
}

// digest returns a hash as a script wants it.
func (v *VU) digest(sum []byte, format goja.Value) goja.Value {
	switch option(format) {
	case "hex", "":
		return v.Realm.ToValue(hex.EncodeToString(sum))
	case "base64":
		return v.Realm.ToValue(base64.StdEncoding.EncodeToString(sum))
	case "base64url":
		return v.Realm.ToValue(base64.URLEncoding.EncodeToString(sum))
	case "base64rawurl":
		return v.Realm.ToValue(base64.RawURLEncoding.EncodeToString(sum))
	case "binary":
		return v.Realm.Buffer(sum)
	}
	v.fail("%q is no encoding of a hash: use hex, base64, base64url, base64rawurl or binary", option(format))
	return nil
}

func (v *VU) hash(value goja.Value) func() hash.Hash {
	h := hashes[option(value)]
	if h == nil {
		v.fail("%q is none of the hashes md5, sha1, sha256, sha384, sha512, sha512_224 and sha512_256", option(value))
	}
	return h
}

// maxRandom is how many random bytes a script gets at once.
const maxRandom = 1 << 20

// crypto is the module k6/crypto.
func crypto(v *VU) goja.Value {
	hasher := func(h hash.Hash) goja.Value {
		o := v.Realm.NewObject()
		o.Set("update", func(call goja.FunctionCall) goja.Value {
			h.Write(v.bytes(call.Argument(0)))
			return goja.Undefined()
		})
		o.Set("digest", func(call goja.FunctionCall) goja.Value { return v.digest(h.Sum(nil), call.Argument(0)) })
		return o
	}
	members := map[string]any{
		"createHash": func(call goja.FunctionCall) goja.Value { return hasher(v.hash(call.Argument(0))()) },
		"createHMAC": func(call goja.FunctionCall) goja.Value {
			return hasher(hmac.New(v.hash(call.Argument(0)), v.bytes(call.Argument(1))))
		},
		"hmac": func(call goja.FunctionCall) goja.Value {
			h := hmac.New(v.hash(call.Argument(0)), v.bytes(call.Argument(1)))
			h.Write(v.bytes(call.Argument(2)))
			return v.digest(h.Sum(nil), call.Argument(3))
		},
		"randomBytes": func(call goja.FunctionCall) goja.Value {
			n := call.Argument(0).ToInteger()
			if n < 1 || n > maxRandom {
				v.fail("randomBytes() returns 1 to %d bytes", maxRandom)
			}
			b := make([]byte, n)
			rand.Read(b)
			return v.Realm.Buffer(b)
		},
	}
	for name, h := range hashes {
		members[name] = func(call goja.FunctionCall) goja.Value {
			sum := h()
			sum.Write(v.bytes(call.Argument(0)))
			return v.digest(sum.Sum(nil), call.Argument(1))
		}
	}
	return v.exports(members)
}
