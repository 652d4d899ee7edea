package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// The events that an observer gets, as JSON. Time is in seconds since the watch began.
type (
	watchingEvent struct {
		Event string `json:"event"`
	}
	requestEvent struct {
		Event  string      `json:"event"`
		Time   float64     `json:"time"`
		Line   string      `json:"line"`
		Fields [][2]string `json:"fields"`
	}
	answerEvent struct {
		Event  string      `json:"event"`
		Time   float64     `json:"time"`
		Status int         `json:"status"`
		Line   string      `json:"line"`
		Fields [][2]string `json:"fields"`
	}
	refusedEvent struct {
		Event string  `json:"event"`
		Time  float64 `json:"time"`
		Error string  `json:"error"`
	}
	openEvent struct {
		Event       string  `json:"event"`
		Time        float64 `json:"time"`
		Version     string  `json:"version"`
		Subprotocol string  `json:"subprotocol"`
		Extensions  string  `json:"extensions"`
	}
	frameEvent struct {
		Event     string  `json:"event"`
		Time      float64 `json:"time"`
		Direction string  `json:"direction"`
		Type      string  `json:"type"`
		Bytes     int     `json:"bytes"`
	}
	skippedEvent struct {
		Event string `json:"event"`
		Count int    `json:"count"`
	}
	closeEvent struct {
		Event  string               `json:"event"`
		Time   float64              `json:"time"`
		Code   airsocket.StatusCode `json:"code"`
		Reason string               `json:"reason"`
		Clean  bool                 `json:"clean"`
		Error  string               `json:"error"`
	}
)

// encode returns ev as JSON, and what is not UTF-8 in it replaced.
func encode(ev any) []byte {
	text, _ := json.Marshal(ev) // which has only strings and numbers
	return text
}

func newRequest(w *watch, req *handshake.Request, proto string) requestEvent {
	return requestEvent{"request", w.time(), fmt.Sprintf("%s %s %s", req.Method, req.Target, proto), shownFields(req.Header)}
}

func newAnswer(w *watch, status int, header handshake.Header) answerEvent {
	line := strings.TrimSuffix(fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status)), " ")
	return answerEvent{"answer", w.time(), status, line, shownFields(header)}
}

// shownFields returns the fields without credentials.
func shownFields(header handshake.Header) [][2]string {
	fields := make([][2]string, len(header))
	for n, f := range header {
		value := f.Value
		if isSecret(f.Name) {
			value = fmt.Sprintf("%d characters, not shown", utf8.RuneCountInString(value))
		}
		fields[n] = [2]string{f.Name, value}
	}
	return fields
}

// secrets are parts of the names of fields that have credentials. A proxy may add some that
// the browser itself does not know.
var secrets = [...]string{"auth", "cookie", "token", "secret", "passw", "credential", "session", "jwt", "oidc", "saml", "assertion", "signature", "key", "otp"}

// isSecret reports whether the value of a field is a credential, or may be one.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "www-authenticate", "proxy-authenticate", // which ask for some
		"sec-websocket-key", "sec-websocket-key1", "sec-websocket-key2": // which are used once
		return false
	}
	for _, part := range secrets {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// versionOf returns the name of the version of the protocol that s speaks.
func versionOf(s *airsocket.Socket) string {
	if v := s.Version(); v != wire.Hybi13 {
		return v.String()
	}
	return "RFC 6455"
}

func kindOf(kind wire.Kind) string {
	switch kind {
	case wire.Text:
		return "text"
	case wire.Binary:
		return "binary"
	case wire.Ping:
		return "ping"
	case wire.Pong:
		return "pong"
	}
	return fmt.Sprintf("kind %d", kind)
}
