package websocket

import (
	"errors"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/airsocket/airsocket/bot/internal/urls"
)

// parseURL returns the URL of a WebSocket (WebSockets, section 3.1, steps 1 to 7).
func parseURL(page *urls.Page, s string) (*whatwg.Url, error) {
	u, err := page.Parse(s)
	if err != nil {
		return nil, errors.New("The URL '" + s + "' is invalid.")
	}
	switch u.Scheme() {
	case "http":
		u.SetProtocol("ws")
	case "https":
		u.SetProtocol("wss")
	case "ws", "wss":
	default:
		return nil, errors.New("The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '" + u.Scheme() + "' is not allowed.")
	}
	if strings.Contains(u.Href(false), "#") {
		return nil, errors.New("The URL contains a fragment identifier ('" + u.Fragment() + "'). Fragment identifiers are not allowed in WebSocket URLs.")
	}
	return u, nil
}
