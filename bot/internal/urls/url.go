package urls

import (
	"github.com/dop251/goja"
	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// A URL is the state of a URL.
type URL struct {
	realm.Object
	url    *whatwg.Url
	params *Params // nil until it is asked for
}

var urlClass *realm.Class

func init() {
	urlClass = &realm.Class{
		Name:   "URL",
		Length: 1,
		Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
			u, err := parse(r, args)
			if err != nil {
				panic(r.NewTypeError("Failed to construct 'URL': Invalid URL"))
			}
			return &URL{url: u}
		},
		Attributes: append(append([]realm.Attribute{realm.Attr("href", href, func(r *realm.Realm, u *URL, v goja.Value) {
			parsed, err := parser.Parse(r.Text(v))
			if err != nil {
				panic(r.NewTypeError("Failed to set the 'href' property on 'URL': Invalid URL"))
			}
			u.url = parsed
			u.changed()
		})}, each(urlAttribute)...),
			realm.Attr("searchParams", func(r *realm.Realm, u *URL) goja.Value {
				if u.params == nil {
					u.params = &Params{url: u}
					u.changed()
					r.Wrap(paramsClass, u.params)
				}
				return u.params.Value()
			}, nil)),
		Operations: []realm.Operation{
			realm.Op("toString", 0, func(r *realm.Realm, u *URL, _ []goja.Value) goja.Value { return href(r, u) }),
			realm.Op("toJSON", 0, func(r *realm.Realm, u *URL, _ []goja.Value) goja.Value { return href(r, u) }),
		},
		Statics: []realm.Operation{
			realm.Static("canParse", 1, func(r *realm.Realm, args []goja.Value) goja.Value {
				_, err := parse(r, args)
				return r.ToValue(err == nil)
			}),
			realm.Static("parse", 1, func(r *realm.Realm, args []goja.Value) goja.Value {
				u, err := parse(r, args)
				if err != nil {
					return goja.Null()
				}
				return r.Wrap(urlClass, &URL{url: u})
			}),
		},
	}
}

func href(r *realm.Realm, u *URL) goja.Value { return r.ToValue(u.url.Href(false)) }

func urlAttribute(c component) realm.Attribute {
	var set func(r *realm.Realm, u *URL, v goja.Value)
	if c.set != nil {
		set = func(r *realm.Realm, u *URL, v goja.Value) {
			c.set(u.url, r.Text(v))
			u.changed()
		}
	}
	return realm.Attr(c.name, func(r *realm.Realm, u *URL) goja.Value { return r.ToValue(c.get(u.url)) }, set)
}

// parse parses the arguments of the constructor: a URL, and another to which it may be
// relative.
func parse(r *realm.Realm, args []goja.Value) (*whatwg.Url, error) {
	s := r.Text(args[0])
	base := realm.Arg(args, 1)
	if goja.IsUndefined(base) {
		return parser.Parse(s)
	}
	b, err := parser.Parse(r.Text(base))
	if err != nil {
		return nil, err
	}
	return b.Parse(s)
}

// changed is called when the script has changed the URL.
func (u *URL) changed() {
	if u.params != nil {
		u.params.list = parseForm(u.url.Query())
	}
}
