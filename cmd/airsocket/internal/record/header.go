package record

import (
	"net/http"
	"strings"
)

// passed returns the fields of a request or response that are passed on, with those of own
// in place of others with their names.
func passed(h, own http.Header) http.Header {
	all := http.Header{}
	for name, values := range h {
		if !hop(strings.ToLower(name)) {
			all[name] = values
		}
	}
	for name, values := range own {
		all[name] = values
	}
	return all
}

// hop reports whether a field is about one connection, and not about what goes through it.
func hop(name string) bool {
	switch name {
	case "connection", "upgrade", "content-length", "transfer-encoding", "host", "origin", "trailer",
		"keep-alive", "te", "proxy-connection", "date", "content-encoding":
		return true
	}
	return strings.HasPrefix(name, "sec-websocket-") || strings.HasPrefix(name, "websocket-")
}
