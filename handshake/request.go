package handshake

import (
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A Request is a client's request. Its strings share one copy of the head.
type Request struct {
	Method string
	Target string // path and query, as they were sent
	Host   string // host and port, as they were sent
	Origin string // as it was sent, or "" if there was none
	Header Header // all fields

	Version    wire.Version
	Protocols  []string           // the subprotocols asked for, in order of preference
	Extensions []extensions.Offer // the extensions offered, in order of preference; nil for hixie

	keys keys
}

// keys holds the keys of a handshake: the key of RFC 6455 and its accept value, or
// the three keys of hixie-76 and the numbers that are hidden in the first two.
type keys struct {
	key     string
	accept  [28]byte
	text    [2]string
	numbers [2]uint32
	key3    [8]byte
}

// single lists the fields that must not be repeated in a request.
var single = [...]string{"Sec-WebSocket-Version", "Sec-WebSocket-Key", "Sec-WebSocket-Key1",
	"Sec-WebSocket-Key2", "Sec-WebSocket-Draft", "Origin", "Sec-WebSocket-Origin"}

// check checks the rules for requests of every version (RFC 6455, section 4.2.1). The
// dialect checks the rules of its version.
func (r *Request) check(proto string) error {
	switch {
	case !r.Header.hasToken("Upgrade", "websocket"):
		return ErrNotUpgrade
	case r.Method != "GET":
		return ErrMethod
	case !strings.HasPrefix(proto, "HTTP/1.") || proto == "HTTP/1.0":
		return ErrHTTPVersion
	case !r.Header.hasToken("Connection", "upgrade"):
		return ErrConnection
	}
	for _, name := range single {
		if _, ok := r.Header.one(name); !ok {
			return ErrDuplicate
		}
	}
	// If a proxy and this server disagreed about the length of a body, one would
	// read frames where the other reads another request.
	if n := r.Header.Get("Content-Length"); n != "" && n != "0" || r.Header.count("Content-Length") > 1 ||
		r.Header.Has("Transfer-Encoding") {
		return ErrBody
	}
	return r.locate()
}

// locate checks Host and Target. If Target is a URL, locate replaces it with the
// URL's path and query, and Host with the URL's host (RFC 9112, section 3.2.2).
func (r *Request) locate() error {
	if r.Header.count("Host") > 1 {
		return ErrDuplicate
	}
	if !isHost(r.Host) {
		return ErrHost
	}
	if scheme, rest, ok := strings.Cut(r.Target, "://"); ok && r.Target[0] != '/' {
		switch strings.ToLower(scheme) {
		case "http", "https", "ws", "wss":
		default:
			return ErrTarget
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		// Escapes are not for a host's own name, and programs disagree on whether the host is
		// what they stand for: a proxy could take this URL for another host's.
		if r.Host, r.Target = rest[:end], rest[end:]; !isHost(r.Host) || strings.Contains(r.Host, "%") {
			return ErrHost
		}
		if r.Target == "" || r.Target[0] == '?' {
			r.Target = "/" + r.Target
		}
	}
	if !isTarget(r.Target) {
		return ErrTarget
	}
	return nil
}

// isHost reports whether s can be a host, with or without a port (RFC 3986, section
// 3.2, without user information). Such a host can safely be echoed to the client.
func isHost(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#/<>?@\\^`{|}", c) >= 0 {
			return false
		}
	}
	return s != "" && s[0] != ':'
}

// isTarget reports whether s can be the path, with or without a query, in a request
// line. Fragments are not sent (RFC 6455, section 3). Bytes that should have been
// escaped are allowed, unless they would break the line.
func isTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return s != "" && s[0] == '/'
}

// location returns the URL of the socket as clients of hixie compute it: without the
// port if it is the scheme's default.
func location(secure bool, host, target string) string {
	if secure {
		return "wss://" + strings.TrimSuffix(host, ":443") + target
	}
	return "ws://" + strings.TrimSuffix(host, ":80") + target
}

// IsUpgrade reports whether an HTTP request asks for a WebSocket of any version: a GET
// request with Upgrade: websocket and Connection: upgrade. The keys of header must be
// canonical, as in an http.Header.
func IsUpgrade(method string, header map[string][]string) bool {
	has := func(values []string, token string) bool {
		for _, v := range values {
			if listHas(v, token) {
				return true
			}
		}
		return false
	}
	return method == "GET" && has(header["Upgrade"], "websocket") && has(header["Connection"], "upgrade")
}
