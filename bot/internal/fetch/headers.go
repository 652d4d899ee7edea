package fetch

import (
	"net/http"
	"sort"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/encoding/charmap"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// headers is the state of a Headers: names in lower case, with all values of each. A value has
// a character for each byte that is sent (Web IDL, ByteString).
type headers struct {
	realm.Object
	fields    map[string]string
	immutable bool // it is of a response
}

// latin1 are the characters that stand for bytes.
var latin1 = charmap.ISO8859_1

// received returns the fields of a response. Scripts do not see cookies (Fetch, section
// 2.2.2).
func received(h http.Header) *headers {
	of := &headers{fields: make(map[string]string), immutable: true}
	for name, values := range h {
		if name != "Set-Cookie" {
			value, _ := latin1.NewDecoder().String(strings.Join(values, ", ")) // never fails
			of.fields[strings.ToLower(name)] = value
		}
	}
	return of
}

// given returns the fields that a script has passed, as Headers or otherwise.
func given(r *realm.Realm, v goja.Value) *headers {
	h := &headers{fields: make(map[string]string)}
	if goja.IsUndefined(v) {
		return h
	}
	o, ok := v.(*goja.Object)
	if !ok {
		panic(r.NewTypeError("The provided value is not of type '(record<ByteString, ByteString> or sequence<sequence<ByteString>>)'."))
	}
	var pairs [][2]string
	if other, ok := realm.StateOf(o).(*headers); ok {
		pairs = other.sorted()
	} else {
		pairs = realm.PairsOf(r, o)
	}
	for _, p := range pairs {
		h.add(r, p[0], p[1])
	}
	return h
}

var headersClass = &realm.Class{
	Name:      "Headers",
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform { return given(r, realm.Arg(args, 0)) },
	Operations: []realm.Operation{
		realm.Op("append", 2, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			h.add(r, r.Text(args[0]), r.Text(args[1]))
			return nil
		}),
		realm.Op("set", 2, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			name, value := field(r, r.Text(args[0]), r.Text(args[1]))
			h.checkMutable(r)
			h.fields[name] = value
			return nil
		}),
		realm.Op("delete", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			name := nameOf(r, r.Text(args[0]))
			h.checkMutable(r)
			delete(h.fields, name)
			return nil
		}),
		realm.Op("get", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			if v, ok := h.fields[nameOf(r, r.Text(args[0]))]; ok {
				return r.ToValue(v)
			}
			return goja.Null()
		}),
		realm.Op("has", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			_, ok := h.fields[nameOf(r, r.Text(args[0]))]
			return r.ToValue(ok)
		}),
	},
	Pairs: func(_ *realm.Realm, this realm.Platform) ([][2]string, bool) {
		h, ok := this.(*headers)
		if !ok {
			return nil, false
		}
		return h.sorted(), true
	},
}

// nameOf returns the name of a field in lower case. It throws if that is no name.
func nameOf(r *realm.Realm, name string) string {
	if !httpguts.ValidHeaderFieldName(name) {
		panic(r.NewTypeError("Invalid name of a header field: '" + name + "'"))
	}
	return strings.ToLower(name)
}

// field returns the name and the value of a field. It throws if they cannot be sent.
func field(r *realm.Realm, name, value string) (string, string) {
	name, value = nameOf(r, name), strings.Trim(value, "\t\n\r ")
	if strings.ContainsAny(value, "\x00\r\n") || strings.ContainsFunc(value, func(c rune) bool { return c > 0xff }) {
		panic(r.NewTypeError("Invalid value of the header field '" + name + "'"))
	}
	return name, value
}

func (h *headers) checkMutable(r *realm.Realm) {
	if h.immutable {
		panic(r.NewTypeError("Headers are immutable"))
	}
}

func (h *headers) add(r *realm.Realm, name, value string) {
	name, value = field(r, name, value)
	h.checkMutable(r)
	if old, ok := h.fields[name]; ok {
		value = old + ", " + value
	}
	h.fields[name] = value
}

func (h *headers) sorted() [][2]string {
	var all [][2]string
	for name, value := range h.fields {
		all = append(all, [2]string{name, value})
	}
	sort.Slice(all, func(i, j int) bool { return all[i][0] < all[j][0] })
	return all
}

// setOn sets the fields of a request, but for those that are up to the browser.
func (h *headers) setOn(request http.Header) {
	for name, value := range h.fields {
		if !forbidden[name] && !strings.HasPrefix(name, "proxy-") && !strings.HasPrefix(name, "sec-") {
			bytes, _ := latin1.NewEncoder().String(value) // field has checked it
			request.Set(name, bytes)
		}
	}
}

// forbidden are the fields of requests that scripts do not set (Fetch, section 2.2.2).
var forbidden = map[string]bool{
	"accept-charset": true, "accept-encoding": true, "access-control-request-headers": true,
	"access-control-request-method": true, "connection": true, "content-length": true, "cookie": true,
	"cookie2": true, "date": true, "dnt": true, "expect": true, "host": true, "keep-alive": true,
	"origin": true, "referer": true, "set-cookie": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true, "via": true,
}
