package websocket

import (
	"errors"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// parseURL returns the URL of a WebSocket (WebSockets, section 3.1, steps 1 to 7).
func parseURL(s, base string) (string, error) {
	var u *whatwg.Url
	var err error
	if base == "" {
		u, err = whatwg.Parse(s)
	} else {
		u, err = whatwg.ParseRef(base, s)
	}
	if err != nil {
		return "", errors.New("The URL '" + s + "' is invalid.")
	}
	switch u.Scheme() {
	case "http":
		u.SetProtocol("ws")
	case "https":
		u.SetProtocol("wss")
	}
	switch {
	case u.Scheme() != "ws" && u.Scheme() != "wss":
		return "", errors.New("The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '" + u.Scheme() + "' is not allowed.")
	case u.Fragment() != "":
		return "", errors.New("The URL contains a fragment identifier ('" + u.Fragment() + "'). Fragment identifiers are not allowed in WebSocket URLs.")
	}
	return u.Href(false), nil
}
