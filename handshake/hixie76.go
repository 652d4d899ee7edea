package handshake

import (
	"crypto/md5"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/airsocket/airsocket/wire"
)

// hixie76 is the handshake of draft-hixie-thewebsocketprotocol-76, which is also
// draft-ietf-hybi-thewebsocketprotocol-00. A client sends two keys in which numbers
// are hidden, and eight bytes after the head. The server sends an MD5 hash of all
// three after the head of its response.
type hixie76 struct{}

func (hixie76) version() wire.Version { return wire.Hixie76 }
func (hixie76) number() string        { return "" }

func (hixie76) tail(role wire.Role) int {
	if role == wire.Server {
		return md5.Size
	}
	return len(keys{}.key3)
}

// speaks accepts Sec-WebSocket-Draft: 0, which pywebsocket sends. Other values mean
// drafts 1 to 3 of hybi, which are different protocols.
func (hixie76) speaks(h Header) bool {
	if h.Has("Sec-WebSocket-Version") || h.Has("Sec-WebSocket-Draft") && h.Get("Sec-WebSocket-Draft") != "0" {
		return false
	}
	return h.Has("Sec-WebSocket-Key1") || h.Has("Sec-WebSocket-Key2")
}

func (hixie76) read(r *Request) (err error) {
	for i, name := range [...]string{"Sec-WebSocket-Key1", "Sec-WebSocket-Key2"} {
		var ok bool
		if r.keys.numbers[i], ok = keyNumber(r.Header.Get(name)); !ok {
			return ErrBadKey
		}
	}
	r.Origin = r.Header.Get(originField)
	name := "Sec-WebSocket-Protocol"
	if !r.Header.Has(name) {
		name = "WebSocket-Protocol" // sent by clients of the Ruby gem websocket
	}
	protocol, ok := r.Header.one(name)
	if !ok {
		return ErrDuplicate
	}
	r.Protocols, err = onlyProtocol(protocol)
	return err
}

// keyNumber returns the number hidden in a key: its digits, read as one number,
// divided by its number of spaces (section 5.2).
func keyNumber(key string) (uint32, bool) {
	var product, spaces, digits uint64
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c == ' ':
			spaces++
		case '0' <= c && c <= '9':
			if product > math.MaxUint64/10-1 {
				return 0, false
			}
			product = product*10 + uint64(c-'0')
			digits++
		}
	}
	if spaces == 0 || digits == 0 || product%spaces != 0 || product/spaces > math.MaxUint32 {
		return 0, false
	}
	return uint32(product / spaces), true
}

func (hixie76) readTail(r *Request, tail []byte) { copy(r.keys.key3[:], tail) }

// answer returns the proof for the keys (section 5.2).
func (k *keys) answer() [md5.Size]byte {
	var challenge [16]byte
	binary.BigEndian.PutUint32(challenge[0:], k.numbers[0])
	binary.BigEndian.PutUint32(challenge[4:], k.numbers[1])
	copy(challenge[8:], k.key3[:])
	return md5.Sum(challenge[:])
}

func (hixie76) appendAccept(dst []byte, r *Request, a Accept, secure bool) []byte {
	dst = append(dst, "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"...)
	if r.Origin != "" {
		dst = appendField(dst, "Sec-WebSocket-Origin", r.Origin)
	}
	dst = appendField(dst, "Sec-WebSocket-Location", location(secure, r.Host, r.Target))
	if a.Protocol != "" {
		dst = appendField(dst, "Sec-WebSocket-Protocol", a.Protocol)
	}
	dst = append(appendFields(dst, a.Header), "\r\n"...)
	answer := r.keys.answer()
	return append(dst, answer[:]...)
}

// newKeys returns random keys (section 4.1, steps 16 to 26).
func (hixie76) newKeys(random func([]byte)) keys {
	var k keys
	d := dice(random)
	for i := range k.text {
		spaces := 1 + d.below(12)
		number := d.below(math.MaxUint32/spaces + 1)
		k.numbers[i] = uint32(number)
		k.text[i] = hideNumber(number, spaces, d)
	}
	random(k.key3[:])
	return k
}

// hideNumber returns the digits of number*spaces. It inserts up to 12 other
// characters at random positions, and the given number of spaces, but not at the
// ends.
func hideNumber(number, spaces uint64, d dice) string {
	key := strconv.AppendUint(nil, number*spaces, 10)
	for range 1 + d.below(12) {
		c := '!' + byte(d.below(15+69)) // 0x21 to 0x2F
		if c > '/' {
			c += ':' - '/' - 1 // 0x3A to 0x7E
		}
		key = slices.Insert(key, int(d.below(uint64(len(key)+1))), c)
	}
	for range spaces {
		key = slices.Insert(key, 1+int(d.below(uint64(len(key)-1))), ' ')
	}
	return string(key)
}

// dice generates random numbers from a source of random bytes.
type dice func([]byte)

// below returns a random number below n, which must be at least 1.
func (d dice) below(n uint64) uint64 {
	var b [8]byte // n has at most 33 bits, so that the bias of the remainder is negligible
	d(b[:])
	return binary.BigEndian.Uint64(b[:]) % n
}

// appendRequest sends the fields in the order of section 1.2. It appends key3 to the
// head, as some servers lose key3 if it is sent separately.
func (hixie76) appendRequest(dst []byte, c *Client) []byte {
	dst = appendRequestLine(dst, c.Target)
	dst = appendField(dst, "Host", c.Host)
	dst = append(dst, "Connection: Upgrade\r\n"...)
	dst = appendField(dst, "Sec-WebSocket-Key2", c.keys.text[1])
	if len(c.Protocols) > 0 {
		dst = appendField(dst, "Sec-WebSocket-Protocol", c.Protocols[0])
	}
	dst = append(dst, "Upgrade: WebSocket\r\n"...)
	dst = appendField(dst, "Sec-WebSocket-Key1", c.keys.text[0])
	dst = appendField(dst, "Origin", c.hixieOrigin())
	dst = append(appendFields(dst, c.Header), "\r\n"...)
	return append(dst, c.keys.key3[:]...)
}

func (hixie76) readAnswer(c *Client, r *Result) error {
	return c.readHixie(r, "Sec-WebSocket-")
}

func (hixie76) readProof(c *Client, proof []byte) error {
	if answer := c.keys.answer(); string(proof) != string(answer[:]) {
		return ErrBadAccept
	}
	return nil
}
