package fetch

import (
	"net/http"
	"sort"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// A response is the state of a Response.
type response struct {
	realm.Object
	http       *http.Response
	url        string
	body       []byte
	redirected bool
	used       bool
	headers    *goja.Object // nil until it is asked for
}

var responseClass = &realm.Class{
	Name: "Response",
	Attributes: []realm.Attribute{
		attribute("type", func(*response) any { return "basic" }),
		attribute("url", func(p *response) any { return p.url }),
		attribute("redirected", func(p *response) any { return p.redirected }),
		attribute("status", func(p *response) any { return p.http.StatusCode }),
		attribute("ok", func(p *response) any { return p.http.StatusCode >= 200 && p.http.StatusCode < 300 }),
		attribute("statusText", func(p *response) any {
			_, text, _ := strings.Cut(p.http.Status, " ")
			return text
		}),
		realm.Attr("headers", func(r *realm.Realm, p *response) goja.Value {
			if p.headers == nil {
				p.headers = r.Wrap(headersClass, received(p.http.Header))
			}
			return p.headers
		}, nil),
		attribute("bodyUsed", func(p *response) any { return p.used }),
	},
	Operations: []realm.Operation{
		reader("text", func(r *realm.Realm, p *response) goja.Value { return r.ToValue(p.text()) }),
		reader("json", func(r *realm.Realm, p *response) goja.Value {
			return r.ParseJSON(p.text())
		}),
		reader("arrayBuffer", func(r *realm.Realm, p *response) goja.Value { return r.Buffer(p.body) }),
		reader("bytes", func(r *realm.Realm, p *response) goja.Value { return r.Uint8Array(p.body) }),
		reader("blob", func(r *realm.Realm, p *response) goja.Value {
			return blob.New(r, p.body, strings.ToLower(p.http.Header.Get("Content-Type")))
		}),
	},
}

func attribute(name string, get func(*response) any) realm.Attribute {
	return realm.Attr(name, func(r *realm.Realm, p *response) goja.Value { return r.ToValue(get(p)) }, nil)
}

func (p *response) text() string {
	return strings.TrimPrefix(strings.ToValidUTF8(string(p.body), "\uFFFD"), "\uFEFF")
}

// reader returns a method that takes the body, which can be done once.
func reader(name string, take func(*realm.Realm, *response) goja.Value) realm.Operation {
	return realm.Op(name, 0, func(r *realm.Realm, p *response, _ []goja.Value) goja.Value {
		if p.used {
			return r.Rejected(r.NewTypeError("Failed to execute '" + name + "' on 'Response': body stream already read"))
		}
		p.used = true
		var v goja.Value
		if ex := r.Try(func() { v = take(r, p) }); ex != nil {
			return r.Rejected(ex.Value())
		}
		p.body = nil
		return r.Resolved(v)
	})
}

// headers is the state of a Headers: names in lower case, with all values of each.
type headers struct {
	realm.Object
	fields map[string]string
}

// received returns the fields of a response. Scripts do not see cookies (Fetch, section
// 2.2.2).
func received(h http.Header) *headers {
	of := &headers{fields: make(map[string]string)}
	for name, values := range h {
		if name != "Set-Cookie" {
			of.fields[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	return of
}

var headersClass = &realm.Class{
	Name: "Headers",
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		h := &headers{fields: make(map[string]string)}
		if o, ok := realm.Arg(args, 0).(*goja.Object); ok {
			for _, p := range fieldsOf(r, o) {
				h.add(r, p[0], p[1])
			}
		}
		return h
	},
	Operations: []realm.Operation{
		realm.Op("append", 2, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			h.add(r, r.Text(args[0]), r.Text(args[1]))
			return nil
		}),
		realm.Op("set", 2, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			name := r.Text(args[0])
			delete(h.fields, strings.ToLower(name))
			h.add(r, name, r.Text(args[1]))
			return nil
		}),
		realm.Op("delete", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			delete(h.fields, strings.ToLower(r.Text(args[0])))
			return nil
		}),
		realm.Op("get", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			if v, ok := h.fields[strings.ToLower(r.Text(args[0]))]; ok {
				return r.ToValue(v)
			}
			return goja.Null()
		}),
		realm.Op("has", 1, func(r *realm.Realm, h *headers, args []goja.Value) goja.Value {
			_, ok := h.fields[strings.ToLower(r.Text(args[0]))]
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

func (h *headers) add(r *realm.Realm, name, value string) {
	value = strings.Trim(value, "\t\n\r ")
	if name == "" || strings.ContainsAny(name, " \t\r\n:\"(),/;<=>?@[\\]{}") || strings.ContainsAny(value, "\x00\r\n") {
		panic(r.NewTypeError("Invalid name or value of a header field: '" + name + "'"))
	}
	name = strings.ToLower(name)
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

// fieldsOf returns header fields that a script has passed, as Headers or otherwise.
func fieldsOf(r *realm.Realm, o *goja.Object) [][2]string {
	if h, ok := realm.StateOf(o).(*headers); ok {
		return h.sorted()
	}
	return realm.PairsOf(r, o)
}
