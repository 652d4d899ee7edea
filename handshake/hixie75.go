package handshake

import (
	"fmt"

	"github.com/airsocket/airsocket/wire"
)

// hixie75 is the handshake of draft-hixie-thewebsocketprotocol-75. It has no key: the
// server proves that it has read the request by repeating the client's origin and the
// URL of the WebSocket.
type hixie75 struct{ headOnly }

func (hixie75) version() wire.Version { return wire.Hixie75 }
func (hixie75) number() string        { return "" }

func (hixie75) speaks(h Header) bool {
	for _, name := range [...]string{"Sec-WebSocket-Version", "Sec-WebSocket-Draft", "Sec-WebSocket-Key",
		"Sec-WebSocket-Key1", "Sec-WebSocket-Key2"} {
		if h.Has(name) {
			return false
		}
	}
	return true
}

func (hixie75) read(r *Request) (err error) {
	r.Origin = r.Header.Get(originField)
	protocol, ok := r.Header.one("WebSocket-Protocol")
	if !ok {
		return ErrDuplicate
	}
	r.Protocols, err = onlyProtocol(protocol)
	return err
}

// appendAccept must not change the first three lines, as clients compare them byte
// for byte.
func (hixie75) appendAccept(dst []byte, r *Request, a Accept, secure bool) []byte {
	dst = append(dst, "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"...)
	if r.Origin != "" {
		dst = appendField(dst, "WebSocket-Origin", r.Origin)
	}
	dst = appendField(dst, "WebSocket-Location", location(secure, r.Host, r.Target))
	if a.Protocol != "" {
		dst = appendField(dst, "WebSocket-Protocol", a.Protocol)
	}
	return append(appendFields(dst, a.Header), "\r\n"...)
}

func (hixie75) newKeys(func([]byte)) keys { return keys{} }

// appendRequest sends the fields in the order of the draft, on which servers of that
// time may rely.
func (hixie75) appendRequest(dst []byte, c *Client) []byte {
	dst = appendRequestLine(dst, c.Target)
	dst = append(dst, "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"...)
	dst = appendField(dst, "Host", c.Host)
	dst = appendField(dst, "Origin", c.hixieOrigin())
	if len(c.Protocols) > 0 {
		dst = appendField(dst, "WebSocket-Protocol", c.Protocols[0])
	}
	return append(appendFields(dst, c.Header), "\r\n"...)
}

func (hixie75) readAnswer(c *Client, r *Result) error {
	return c.readHixie(r, "WebSocket-")
}

// readHixie checks the fields that both hixie versions have, under names with
// different prefixes. It ignores the case of origins and hosts, as implementations
// of that time convert them to lower case.
func (c *Client) readHixie(r *Result, prefix string) (err error) {
	origin, ok := r.Header.one(prefix + "Origin")
	if !ok || !equalFold(origin, c.hixieOrigin()) {
		return fmt.Errorf("%w: %.100q", ErrOrigin, origin)
	}
	want, host := location(c.Secure, c.Host, ""), location(c.Secure, c.Host, c.Target)
	got, ok := r.Header.one(prefix + "Location")
	if !ok || len(got) != len(host) || !equalFold(got[:len(want)], want) || got[len(want):] != c.Target {
		return fmt.Errorf("%w: %.100q", ErrLocation, got)
	}
	if len(c.Protocols) == 0 {
		return nil // node-websocket-server answers with "*" even if the client asked for none
	}
	r.Protocol, err = answeredProtocol(r.Header, prefix+"Protocol", c.Protocols)
	return err
}

// hixieOrigin returns the Origin to send, which the drafts require. If the caller has
// not set one, it is the origin of a page on the server itself.
func (c *Client) hixieOrigin() string {
	switch {
	case c.Origin != "":
		return c.Origin
	case c.Secure:
		return "https://" + c.Host
	}
	return "http://" + c.Host
}
