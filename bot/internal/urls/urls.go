// Package urls has the classes URL and URLSearchParams (URL standard, section 6), and the
// object location.
package urls

import (
	"errors"

	"github.com/dop251/goja"
	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// The package does not know yet that ^ is escaped in a path (URL standard, section 1.3).
var parser = whatwg.NewParser(whatwg.WithPathPercentEncodeSet(whatwg.PathPercentEncodeSet.Set('^')))

// Base is the place of the URL of the page that a script belongs to.
var Base = realm.NewKey(func(*realm.Realm) *Page { return new(Page) })

// A Page is what is known about the page of a script.
type Page struct {
	url *whatwg.Url
}

// SetURL sets the URL of the page.
func (p *Page) SetURL(s string) error {
	u, err := parser.Parse(s)
	if err != nil {
		return errors.New("bot: Options.URL is no absolute URL: " + err.Error())
	}
	p.url = u
	return nil
}

// Origin returns the origin of the page, or "" if there is no page.
func (p *Page) Origin() string {
	if p.url == nil {
		return ""
	}
	return origin(p.url)
}

// HasOriginOf reports whether the page has the same origin as u.
func (p *Page) HasOriginOf(u *whatwg.Url) bool { return p.url != nil && origin(p.url) == origin(u) }

// Referrer returns the URL of the page for the Referer of a request, or "" (Referrer Policy,
// section 8.4).
func (p *Page) Referrer() string {
	if p.url == nil || p.url.Scheme() != "http" && p.url.Scheme() != "https" {
		return ""
	}
	return origin(p.url) + p.url.Pathname() + p.url.Search()
}

// Parse parses a URL, which may be relative to that of the page.
func (p *Page) Parse(s string) (*whatwg.Url, error) {
	if p.url == nil {
		return parser.Parse(s)
	}
	return p.url.Parse(s)
}

// origin returns the origin of a URL (URL standard, section 4.7).
func origin(u *whatwg.Url) string {
	switch u.Scheme() {
	case "http", "https", "ws", "wss", "ftp":
		return u.Protocol() + "//" + u.Host()
	}
	return "null"
}

// A component is a part of a URL that scripts can read, and set unless set is nil.
type component struct {
	name string
	get  func(*whatwg.Url) string
	set  func(*whatwg.Url, string)
}

var components = []component{
	{"origin", origin, nil},
	{"protocol", (*whatwg.Url).Protocol, (*whatwg.Url).SetProtocol},
	{"username", (*whatwg.Url).Username, (*whatwg.Url).SetUsername},
	{"password", (*whatwg.Url).Password, (*whatwg.Url).SetPassword},
	{"host", (*whatwg.Url).Host, (*whatwg.Url).SetHost},
	{"hostname", (*whatwg.Url).Hostname, (*whatwg.Url).SetHostname},
	{"port", (*whatwg.Url).Port, (*whatwg.Url).SetPort},
	{"pathname", (*whatwg.Url).Pathname, (*whatwg.Url).SetPathname},
	{"search", (*whatwg.Url).Search, (*whatwg.Url).SetSearch},
	{"hash", (*whatwg.Url).Hash, (*whatwg.Url).SetHash},
}

// location is the state of a Location. It cannot be changed: a bot does not navigate.
type location struct {
	realm.Object
	url *whatwg.Url
}

var locationClass = &realm.Class{
	Name: "Location",
	Attributes: append([]realm.Attribute{
		realm.Attr("href", func(r *realm.Realm, l *location) goja.Value { return r.ToValue(l.url.Href(false)) }, nil),
	}, each(func(c component) realm.Attribute {
		return realm.Attr(c.name, func(r *realm.Realm, l *location) goja.Value { return r.ToValue(c.get(l.url)) }, nil)
	})...),
	Operations: []realm.Operation{
		realm.Op("toString", 0, func(r *realm.Realm, l *location, _ []goja.Value) goja.Value { return r.ToValue(l.url.Href(false)) }),
	},
}

func each(fn func(component) realm.Attribute) []realm.Attribute {
	var list []realm.Attribute
	for _, c := range components {
		list = append(list, fn(c))
	}
	return list
}

// Globals are the classes of this package, and location, which is undefined if there is no
// page.
var Globals = []realm.Global{
	{Name: "URL", Build: func(r *realm.Realm) goja.Value { return r.Constructor(urlClass) }},
	{Name: "URLSearchParams", Build: func(r *realm.Realm) goja.Value { return r.Constructor(paramsClass) }},
	{Name: "location", Build: func(r *realm.Realm) goja.Value {
		p := Base.In(r)
		if p.url == nil {
			return goja.Undefined()
		}
		return r.Wrap(locationClass, &location{url: p.url})
	}},
}
