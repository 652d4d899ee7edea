package frame

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
)

// A Style says how payloads are made into frames.
type Style struct {
	Text   bool
	Masked bool // as clients must
	Zipped bool // with permessage-deflate, each message by itself
}

// Append appends p as one whole frame.
func (s Style) Append(dst, p []byte) []byte {
	b0 := byte(0x82)
	if s.Text {
		b0 = 0x81
	}
	if s.Zipped {
		b0 |= 0x40
		p = deflate(p)
	}
	return appendFrame(dst, b0, s.Masked, p)
}

// AppendMasked appends a masked frame whose header begins with b0.
func AppendMasked(dst []byte, b0 byte, p []byte) []byte { return appendFrame(dst, b0, true, p) }

// AppendPong appends a client's answer to a ping with the payload p.
func AppendPong(dst, p []byte) []byte { return appendFrame(dst, 0x80|OpPong, true, p) }

func appendFrame(dst []byte, b0 byte, mask bool, p []byte) []byte {
	var masked byte
	if mask {
		masked = 0x80
	}
	switch n := len(p); {
	case n < 126:
		dst = append(dst, b0, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, b0, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, b0, masked|127), uint64(n))
	}
	if !mask {
		return append(dst, p...)
	}
	key := binary.LittleEndian.AppendUint32(nil, rand.Uint32())
	dst = append(dst, key...)
	for i, c := range p {
		dst = append(dst, c^key[i&3])
	}
	return dst
}

func deflate(p []byte) []byte {
	var z bytes.Buffer
	w, _ := flate.NewWriter(&z, flate.BestSpeed)
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(z.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// errClosed is returned for a close frame where a message was expected.
var errClosed = errors.New("the peer closed the connection")

// ReadMessage reads the frames of one message and returns its payload. It
// decompresses a message that does not depend on the context of an earlier one.
func ReadMessage(r io.Reader) ([]byte, error) {
	var message []byte
	zipped := false
	for {
		b0, part, err := ReadFrame(r)
		if err != nil {
			return nil, err
		}
		message, zipped = append(message, part...), zipped || b0&0x40 != 0
		if b0&0x80 != 0 {
			break
		}
	}
	if !zipped {
		return message, nil
	}
	tail := []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff} // RFC 7692, section 7.2.2, and an empty last block
	return io.ReadAll(flate.NewReader(bytes.NewReader(append(message, tail...))))
}

// Opcodes of frames.
const (
	OpText   = 1
	OpBinary = 2
	OpPing   = 9
	OpPong   = 10
)

// ReadFrame reads one frame. It returns the first byte of its header, whose lower
// four bits are the opcode, and its payload. A close frame is an error.
func ReadFrame(r io.Reader) (b0 byte, payload []byte, err error) {
	var h [14]byte
	if _, err := io.ReadFull(r, h[:2]); err != nil {
		return 0, nil, err
	}
	rest := headerLen(h[1]) - 2
	if _, err := io.ReadFull(r, h[2:2+rest]); err != nil {
		return 0, nil, err
	}
	if h[0]&15 == 8 {
		return 0, nil, errClosed
	}
	n := payloadLen(h[:2+rest])
	if n > 1<<30 {
		return 0, nil, fmt.Errorf("frame of %d bytes is too long", n)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	if h[1]&0x80 != 0 {
		for i := range payload {
			payload[i] ^= h[2+rest-4+i&3]
		}
	}
	return h[0], payload, nil
}

// headerLen returns the length of the header whose second byte is b1.
func headerLen(b1 byte) int {
	n := 2
	switch b1 & 0x7f {
	case 126:
		n = 4
	case 127:
		n = 10
	}
	if b1&0x80 != 0 {
		n += 4
	}
	return n
}

func payloadLen(h []byte) uint64 {
	switch l := h[1] & 0x7f; l {
	case 126:
		return uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		return binary.BigEndian.Uint64(h[2:])
	default:
		return uint64(l)
	}
}

// A Counter counts the messages in a stream of frames.
type Counter struct {
	h    [14]byte
	n    int    // bytes of the header received so far
	left uint64 // payload bytes still to come
	fin  bool   // the frame ends a message
}

// Feed returns how many messages end in p. It returns an error if the peer
// closes.
func (c *Counter) Feed(p []byte) (messages int, err error) {
	for len(p) > 0 {
		if c.n < c.need() {
			m := copy(c.h[c.n:c.need()], p)
			c.n, p = c.n+m, p[m:]
			if c.n < c.need() {
				continue
			}
			if c.h[0]&15 == 8 {
				return messages, errClosed
			}
			c.fin = c.h[0]&0x88 == 0x80
			c.left = payloadLen(c.h[:c.n])
		}
		m := min(c.left, uint64(len(p)))
		c.left, p = c.left-m, p[m:]
		if c.left > 0 {
			break
		}
		c.n = 0
		if c.fin {
			messages++
		}
	}
	return messages, nil
}

// need returns the length of the header, as far as its first bytes tell.
func (c *Counter) need() int {
	if c.n < 2 {
		return 2
	}
	return headerLen(c.h[1])
}
