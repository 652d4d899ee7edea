package extensions

import "strings"

// String returns the offer as an element of Sec-WebSocket-Extensions (RFC 6455,
// section 9.1), such as "name; a=1; b". Values that are not tokens are quoted.
func (o Offer) String() string {
	var b strings.Builder
	b.WriteString(o.Name)
	for _, p := range o.Params {
		b.WriteString("; ")
		b.WriteString(p.Name)
		if p.Value == "" {
			continue
		}
		b.WriteByte('=')
		if isToken(p.Value) {
			b.WriteString(p.Value)
		} else {
			quote(&b, p.Value)
		}
	}
	return b.String()
}

// quote writes s as a quoted-string of RFC 2616, section 2.2.
func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}

// isToken reports whether s is a token of RFC 2616, section 2.2.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
