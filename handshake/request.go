package handshake

import (
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// Request is what a client asks for. Its strings share one copy of the head, and
// nothing of it changes once it has been read.
type Request struct {
	Method string
	Target string // path and query, as they were sent
	Host   string // host and port, as they were sent
	Origin string // as it was sent; "" if it was not
	Header Header // all fields

	Version    wire.Version
	Protocols  []string           // asked for, in order of preference
	Extensions []extensions.Offer // offered, in order of preference; nil for hixie

	keys keys
}

// keys are the nonces of a handshake: one of RFC 6455 with the answer to it, or
// the three of hixie-76 with the numbers that its first two stand for.
type keys struct {
	key     string
	accept  [28]byte
	text    [2]string
	numbers [2]uint32
	key3    [8]byte
}

// single are the fields that no request may have twice.
var single = [...]string{"Sec-WebSocket-Version", "Sec-WebSocket-Key", "Sec-WebSocket-Key1",
	"Sec-WebSocket-Key2", "Sec-WebSocket-Draft", "Origin", "Sec-WebSocket-Origin"}

// check tests what a request must have in every version and leaves the rest to
// the dialect that speaks it (RFC 6455, section 4.2.1).
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
	// After a body of a length that two readers see differently, one of them
	// would take for frames what the other takes for a request.
	if n := r.Header.Get("Content-Length"); n != "" && n != "0" || r.Header.count("Content-Length") > 1 ||
		r.Header.Has("Transfer-Encoding") {
		return ErrBody
	}
	return r.locate()
}

// locate tests Host and Target and brings a target that is a URL into the form
// of the others; its host is the one that counts (RFC 9112, section 3.2.2).
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
		if r.Host, r.Target = rest[:end], rest[end:]; !isHost(r.Host) {
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

// isHost reports whether s can be a host with a port or without (RFC 3986,
// section 3.2, without user information). It may be echoed to the client.
func isHost(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#/<>?@\\^`{|}", c) >= 0 {
			return false
		}
	}
	return s != "" && s[0] != ':'
}

// isTarget reports whether s is a path, perhaps with a query, as it can be in a
// request line. Fragments are not sent (RFC 6455, section 3). Bytes that should
// have been escaped but are no danger to the line are let pass.
func isTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return s != "" && s[0] == '/'
}

// location is the URL of the socket as hixie's clients compute it: without the
// port if it is the scheme's own.
func location(secure bool, host, target string) string {
	if secure {
		return "wss://" + strings.TrimSuffix(host, ":443") + target
	}
	return "ws://" + strings.TrimSuffix(host, ":80") + target
}

// IsUpgrade reports whether an HTTP request asks for a WebSocket, of whatever
// version: whether it is a GET with Upgrade: websocket and Connection: upgrade.
// The header has canonical names, as that of net/http.
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
