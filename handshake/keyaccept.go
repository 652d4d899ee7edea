package handshake

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/airsocket/airsocket/wire"
)

// keyAccept is the handshake of the versions from hybi-04 on, in which the server
// proves that it has read Sec-WebSocket-Key by sending a hash of it. The differences
// between the versions are in a file for each.
type keyAccept struct {
	headOnly
	wireVersion  wire.Version
	versionField string    // the value of Sec-WebSocket-Version
	origin       [2]string // the name of the field with the origin, here and in other versions
	validKey     func(string) bool
}

// keyGUID is hashed together with the key (RFC 6455, section 1.3, unchanged since
// hybi-04).
const keyGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// The two names of the field with the origin. As some clients use the wrong one for
// their version, both are read.
const (
	originField    = "Origin"               // from draft 11 on
	secOriginField = "Sec-WebSocket-Origin" // up to draft 10
)

func (k *keyAccept) version() wire.Version { return k.wireVersion }
func (k *keyAccept) number() string        { return k.versionField }

func (k *keyAccept) speaks(h Header) bool { return h.Get("Sec-WebSocket-Version") == k.versionField }

func (k *keyAccept) read(r *Request) (err error) {
	r.keys.key = r.Header.Get("Sec-WebSocket-Key")
	if !k.validKey(r.keys.key) {
		return ErrBadKey
	}
	r.Origin = r.Header.Get(k.origin[0])
	if r.Origin == "" {
		r.Origin = r.Header.Get(k.origin[1])
	}
	if r.Protocols, err = parseProtocols(r.Header, "Sec-WebSocket-Protocol"); err != nil {
		return err
	}
	r.Extensions, err = ParseExtensions(r.Header.Values("Sec-WebSocket-Extensions"))
	return err
}

func (k *keyAccept) appendAccept(dst []byte, r *Request, a Accept, _ bool) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "...)
	dst = append(append(dst, r.keys.accept[:]...), "\r\n"...)
	if a.Protocol != "" {
		dst = appendField(dst, "Sec-WebSocket-Protocol", a.Protocol)
	}
	if len(a.Extensions) > 0 {
		dst = append(dst, "Sec-WebSocket-Extensions: "...)
		dst = append(AppendExtensions(dst, a.Extensions), "\r\n"...)
	}
	return append(appendFields(dst, a.Header), "\r\n"...)
}

// readTail computes the accept value early, because the hash needs a lot of stack and
// appendAccept is called with less stack left.
func (k *keyAccept) readTail(r *Request, _ []byte) { r.keys.prove() }

// prove sets accept, the value of Sec-WebSocket-Accept for key.
func (k *keys) prove() {
	var buf [24 + len(keyGUID)]byte
	sum := sha1.Sum(append(append(buf[:0], k.key...), keyGUID...))
	base64.StdEncoding.Encode(k.accept[:], sum[:])
}

// is16Bytes reports whether a key is 16 bytes in base64 (RFC 6455, section 4.2.1).
func is16Bytes(key string) bool {
	var buf [18]byte // 24 base64 digits without padding decode to 18 bytes
	if len(key) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(buf[:], []byte(key))
	return err == nil && n == 16
}

func (k *keyAccept) newKeys(random func([]byte)) keys {
	var nonce [16]byte
	random(nonce[:])
	return keys{key: base64.StdEncoding.EncodeToString(nonce[:])}
}

func (k *keyAccept) appendRequest(dst []byte, c *Client) []byte {
	dst = appendRequestLine(dst, c.Target)
	dst = appendField(dst, "Host", c.Host)
	dst = append(dst, "Upgrade: websocket\r\nConnection: Upgrade\r\n"...)
	dst = appendField(dst, "Sec-WebSocket-Key", c.keys.key)
	if c.Origin != "" {
		dst = appendField(dst, k.origin[0], c.Origin)
	}
	if len(c.Protocols) > 0 {
		dst = append(dst, "Sec-WebSocket-Protocol: "...)
		for i, p := range c.Protocols {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(dst, p...)
		}
		dst = append(dst, "\r\n"...)
	}
	if len(c.Offers) > 0 {
		dst = append(dst, "Sec-WebSocket-Extensions: "...)
		dst = append(AppendExtensions(dst, c.Offers), "\r\n"...)
	}
	dst = appendField(dst, "Sec-WebSocket-Version", k.versionField)
	return append(appendFields(dst, c.Header), "\r\n"...)
}

// readAnswer checks the response as RFC 6455, section 4.1, requires.
func (k *keyAccept) readAnswer(c *Client, r *Result) (err error) {
	c.keys.prove()
	if accept, _ := r.Header.one("Sec-WebSocket-Accept"); accept != string(c.keys.accept[:]) {
		return ErrBadAccept
	}
	if r.Protocol, err = answeredProtocol(r.Header, "Sec-WebSocket-Protocol", c.Protocols); err != nil {
		return err
	}
	if r.Extensions, err = parseAnswer(r.Header.Values("Sec-WebSocket-Extensions")); err != nil {
		return err
	}
	return checkOffered(r.Extensions, c.Offers)
}

// answeredProtocol returns the subprotocol that the server chose, or "" if it chose
// none.
func answeredProtocol(h Header, name string, asked []string) (string, error) {
	protocol, ok := h.one(name)
	switch {
	case !ok:
		return "", ErrDuplicate
	case slices.Contains(asked, protocol):
		return protocol, nil
	case h.Has(name):
		return "", fmt.Errorf("%w: %.100q", ErrProtocolNotOffered, protocol)
	}
	return "", nil
}
