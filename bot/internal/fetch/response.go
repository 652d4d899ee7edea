package fetch

import (
	"net/http"
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
	opaque     bool // it is a redirect that is not followed, of which scripts see nothing
	used       bool
	headers    *goja.Object // nil until it is asked for
}

var responseClass = &realm.Class{
	Name: "Response",
	Attributes: []realm.Attribute{
		attribute("type", func(p *response) any {
			if p.opaque {
				return "opaqueredirect"
			}
			return "basic"
		}),
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
