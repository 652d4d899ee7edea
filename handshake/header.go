package handshake

import (
	"fmt"
	"strings"

	"github.com/gobwas/httphead"
)

// A Field is a header field of an HTTP message. If it was received, the name has its
// original case, and the value has no white space around it.
type Field struct{ Name, Value string }

// A Header holds the fields of an HTTP message in the order in which they are sent.
// Names are compared ignoring the case of ASCII letters (RFC 9110, section 5.1).
type Header []Field

// Get returns the value of the first field with the given name, or "" if there is
// none.
func (h Header) Get(name string) string {
	for i := range h {
		if named(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Values returns the values of all fields with the given name, in order.
func (h Header) Values(name string) []string {
	var values []string
	for i := range h {
		if named(h[i].Name, name) {
			values = append(values, h[i].Value)
		}
	}
	return values
}

// Has reports whether there is a field with the given name.
func (h Header) Has(name string) bool { return h.count(name) > 0 }

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

func (h Header) count(name string) int {
	n := 0
	for i := range h {
		if named(h[i].Name, name) {
			n++
		}
	}
	return n
}

// one returns the value of the only field with the name, or "" if there is none. If
// there are several, it returns "" and false, as implementations differ on which one
// to use.
func (h Header) one(name string) (string, bool) {
	value, found := "", false
	for i := range h {
		if named(h[i].Name, name) {
			if found {
				return "", false
			}
			value, found = h[i].Value, true
		}
	}
	return value, true
}

// hasToken reports whether the fields with the name, combined into one list, contain
// the token, ignoring case.
func (h Header) hasToken(name, token string) bool {
	for i := range h {
		if named(h[i].Name, name) && listHas(h[i].Value, token) {
			return true
		}
	}
	return false
}

func named(a, b string) bool { return a == b || equalFold(a, b) }

// equalFold compares ignoring the case of ASCII letters. b is ASCII; if the lengths
// are equal, no letter outside ASCII can match one of its letters.
func equalFold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

func listHas(list, token string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if equalFold(trim(item), token) {
			return true
		}
	}
	return false
}

// trim removes the white space around a value (RFC 9110, section 5.6.3).
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2). The names of
// fields, subprotocols and extensions must be tokens.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !httphead.OctetTypes[s[i]].IsToken() {
			return false
		}
	}
	return s != ""
}

// isControl reports whether c is a control character that must not occur in a line of
// a head (RFC 9110, section 5.5).
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func hasControl(s string) bool {
	for i := 0; i < len(s); i++ {
		if isControl(s[i]) {
			return true
		}
	}
	return false
}

// owned reports whether only the handshake itself may set the field.
func owned(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "upgrade", "content-length", "transfer-encoding", "host", "origin", "trailer":
		return true
	}
	return hasPrefixFold(name, "sec-websocket-") || hasPrefixFold(name, "websocket-")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

// checkOwn checks the fields that the caller adds to a handshake. A line break in a
// name or value would allow its author to inject other fields.
func checkOwn(h Header) error {
	for _, f := range h {
		switch {
		case owned(f.Name):
			return fmt.Errorf("%w: only the handshake itself sets %s", ErrBadField, f.Name)
		case !isToken(f.Name), hasControl(f.Value):
			return fmt.Errorf("%w: %q", ErrBadField, f.Name)
		}
	}
	return nil
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func appendFields(dst []byte, h Header) []byte {
	for _, f := range h {
		dst = appendField(dst, f.Name, f.Value)
	}
	return dst
}
