package urls

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// A pair is a name and its value in a query.
type pair struct{ name, value string }

// Params is the state of a URLSearchParams.
type Params struct {
	realm.Object
	list []pair
	url  *URL // that the query belongs to, or nil
}

var paramsClass = &realm.Class{
	Name:      "URLSearchParams",
	Construct: newParams,
	Attributes: []realm.Attribute{
		realm.Attr("size", func(r *realm.Realm, p *Params) goja.Value { return r.ToValue(len(p.list)) }, nil),
	},
	Operations: []realm.Operation{
		realm.Op("append", 2, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			p.list = append(p.list, pair{r.Text(args[0]), r.Text(args[1])})
			p.changed()
			return nil
		}),
		realm.Op("delete", 1, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			p.list = slices.DeleteFunc(p.list, matches(r, args))
			p.changed()
			return nil
		}),
		realm.Op("get", 1, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			if i := slices.IndexFunc(p.list, matches(r, args[:1])); i >= 0 {
				return r.ToValue(p.list[i].value)
			}
			return goja.Null()
		}),
		realm.Op("getAll", 1, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			all := []any{}
			name := r.Text(args[0])
			for _, q := range p.list {
				if q.name == name {
					all = append(all, q.value)
				}
			}
			return r.NewArray(all...)
		}),
		realm.Op("has", 1, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			return r.ToValue(slices.ContainsFunc(p.list, matches(r, args)))
		}),
		realm.Op("set", 2, func(r *realm.Realm, p *Params, args []goja.Value) goja.Value {
			named := matches(r, args[:1])
			value := r.Text(args[1])
			if i := slices.IndexFunc(p.list, named); i >= 0 {
				p.list[i].value = value
				p.list = append(p.list[:i+1], slices.DeleteFunc(p.list[i+1:], named)...)
			} else {
				p.list = append(p.list, pair{r.Text(args[0]), value})
			}
			p.changed()
			return nil
		}),
		realm.Op("sort", 0, func(_ *realm.Realm, p *Params, _ []goja.Value) goja.Value {
			slices.SortStableFunc(p.list, func(a, b pair) int {
				return slices.Compare(utf16.Encode([]rune(a.name)), utf16.Encode([]rune(b.name)))
			})
			p.changed()
			return nil
		}),
		realm.Op("toString", 0, func(r *realm.Realm, p *Params, _ []goja.Value) goja.Value { return r.ToValue(form(p.list)) }),
	},
	Pairs: func(_ *realm.Realm, this realm.Platform) ([][2]string, bool) {
		p, ok := this.(*Params)
		if !ok {
			return nil, false
		}
		var all [][2]string
		for _, q := range p.list {
			all = append(all, [2]string{q.name, q.value})
		}
		return all, true
	},
}

// matches returns a function that tells pairs with a name, and with a value if there is a
// second argument.
func matches(r *realm.Realm, args []goja.Value) func(pair) bool {
	name := r.Text(args[0])
	if v := realm.Arg(args, 1); !goja.IsUndefined(v) {
		value := r.Text(v)
		return func(p pair) bool { return p.name == name && p.value == value }
	}
	return func(p pair) bool { return p.name == name }
}

func newParams(r *realm.Realm, args []goja.Value) realm.Platform {
	p := new(Params)
	init := realm.Arg(args, 0)
	o, ok := init.(*goja.Object)
	switch {
	case goja.IsUndefined(init):
	case !ok:
		p.list = parseForm(strings.TrimPrefix(r.Text(init), "?"))
	default:
		for _, q := range realm.PairsOf(r, o) {
			p.list = append(p.list, pair{q[0], q[1]})
		}
	}
	return p
}

// changed is called when the script has changed the query.
func (p *Params) changed() {
	if p.url != nil {
		p.url.url.SetSearch(form(p.list))
	}
}

// parseForm parses what the URL standard, section 5.1, calls
// application/x-www-form-urlencoded.
func parseForm(s string) []pair {
	var list []pair
	for part := range strings.SplitSeq(s, "&") {
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			list = append(list, pair{decode(name), decode(value)})
		}
	}
	return list
}

// decode decodes percent signs and plus signs. A percent sign without two digits stays.
func decode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s):
			if one, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(one)
				i += 2
				continue
			}
			fallthrough
		default:
			b.WriteByte(s[i])
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// form is the inverse of parseForm (URL standard, section 5.2).
func form(list []pair) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteByte('&')
		}
		encode(&b, p.name)
		b.WriteByte('=')
		encode(&b, p.value)
	}
	return b.String()
}

func encode(b *strings.Builder, s string) {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c == '*', c == '-', c == '.', c == '_', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			b.WriteByte(c)
		default:
			b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		}
	}
}

// String returns the pairs as a form has them.
func (p *Params) String() string { return form(p.list) }
