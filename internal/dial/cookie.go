package dial

import (
	"net/http"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// withCookies returns a copy of fields with the cookies in jar for the endpoint to.
// It appends them to the program's Cookie fields, as a request must have at most one
// such field (RFC 6265, section 5.4).
func withCookies(fields handshake.Header, jar http.CookieJar, to endpoint) handshake.Header {
	fields = slices.Clone(fields)
	if jar == nil {
		return fields
	}
	r := http.Request{Header: make(http.Header)}
	for _, c := range jar.Cookies(to.http()) {
		r.AddCookie(c)
	}
	ours := r.Header.Get("Cookie")
	if ours == "" {
		return fields
	}
	all := append(fields.Values("Cookie"), ours)
	fields = without(fields, "Cookie")
	fields.Add("Cookie", strings.Join(all, "; "))
	return fields
}

// without returns a copy of fields without the fields with the given names.
func without(fields handshake.Header, names ...string) handshake.Header {
	return slices.DeleteFunc(slices.Clone(fields), func(f handshake.Field) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(f.Name, name) })
	})
}

// keepCookies stores the cookies of a response of the endpoint from.
func keepCookies(jar http.CookieJar, from endpoint, fields handshake.Header) {
	if jar == nil {
		return
	}
	answer := http.Response{Header: http.Header{"Set-Cookie": fields.Values("Set-Cookie")}}
	if cookies := answer.Cookies(); len(cookies) > 0 {
		jar.SetCookies(from.http(), cookies)
	}
}
