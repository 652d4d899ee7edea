package main

import (
	"net/url"
	"regexp"
)

// withScheme matches text that begins with the scheme of a URL. A host with a
// port does not match, because no slash follows its colon.
var withScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:/`)

// completeURL returns s as a URL. If s has no scheme, the scheme is ws.
func completeURL(s string) string {
	if withScheme.MatchString(s) {
		return s
	}
	return "ws://" + s
}

// withoutPassword returns a URL with its password masked, so that it can be
// printed.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	return u.Redacted()
}
