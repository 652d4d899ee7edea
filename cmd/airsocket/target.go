package main

import (
	"net/url"
	"regexp"
)

// withScheme matches what begins with the scheme of a URL. A host and its port
// do not: no slash follows their colon.
var withScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:/`)

// completeURL makes a URL of what a person types: a ws URL of a host.
func completeURL(s string) string {
	if withScheme.MatchString(s) {
		return s
	}
	return "ws://" + s
}

// withoutPassword is a URL as it may be shown.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	return u.Redacted()
}
