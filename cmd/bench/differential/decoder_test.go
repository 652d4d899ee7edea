// Package differential reads the same bytes with this library and with another
// implementation.
package differential

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/airsocket/airsocket/wire"
)

// limit is the length of the longest message that either accepts.
const limit = 1000

// differs reports whether the two may differ in this way. Only these differences
// are allowed, with the sections of RFC 6455 in brackets:
//
//   - gobwas/ws accepts lengths that are not in their shortest form [5.2: "the
//     minimal number of bytes MUST be used"]. What follows them is not compared.
//   - gobwas/ws accepts close codes from 5000 on [7.4.2 gives them no meaning].
//   - gobwas/ws does not know the codes 1012 to 1014, which were registered
//     after the RFC [11.7 has the registry].
//   - This library rejects a frame after its first two bytes, gobwas/ws after
//     the whole header.
//   - A frame that breaks several rules, or one rule and is too long, is rejected
//     with the status code of any of them [7.1.7].
func differs(ours, theirs *refusal) (legal bool) {
	switch {
	case ours.is(wire.ErrLengthNotMinimal):
		return true
	case ours.is(wire.ErrCloseCode) && ours.closeCode >= 5000:
		return theirs == nil || theirs.is(ws.ErrProtocolInvalidUTF8)
	case theirs.is(ws.ErrProtocolStatusCodeUnknown) && theirs.closeCode >= 1012 && theirs.closeCode <= 1014:
		return ours == nil || ours.is(wire.ErrCloseReason)
	case ours == nil || theirs == nil:
		return false
	}
	return ours.is(wire.ErrMessageTooBig) != theirs.is(wsutil.ErrMessageTooLarge)
}

// A refusal is the reason why an implementation stopped reading.
type refusal struct {
	err       error
	code      wire.StatusCode
	closeCode uint16 // of the close frame that was refused
}

// FuzzDecoder reads the same bytes, as they are or made into frames, with wire's
// Decoder and with the wsutil.Reader of gobwas/ws. Both must find the same
// messages, control frames and close codes, and reject the same input with the
// same status code.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"\x81\x05Hello", "\x01\x03Hel\x80\x02lo", "\x01\x03Hel\x89\x01x\x80\x02lo", "\x89\x05Hello", "\x8a\x00",
		"\x81\x857\xfa!=\x7f\x9fMQX", "\x88\x82\x00\x00\x00\x00\x03\xe8", "\x88\x02\x03\xe8", "\x88\x05\x03\xe8bye", "\x88\x00\x81\x01x",
		"\x88\x01\x03", "\x88\x02\x03\xed", "\x88\x02\x13\x88", "\x88\x02\x0b\xb8", "\x88\x04\x03\xe8\xff\xff", "\xc1\x01x", "\x83\x00", "\x09\x00", "\x80\x00", "\x01\x00\x81\x00",
		"\x89\x7e\x00\x7e" + string(make([]byte, 126)), "\x82\x7e\x01\x00" + string(make([]byte, 256)), "\x82\x7e\x00\x01x",
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00abc", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "\x82\x7e\x03\xe9",
		"\x01\x02\xe2\x82\x00\x00\x80\x01\xac", "\x81\x01\xff", "\x01\x01\xe2\x80\x01\x28", "\x81\x02\xe2\x82",
	} {
		for role := range uint8(2) {
			f.Add([]byte(s), role, uint8(0))
			f.Add([]byte(s), role, uint8(3))
		}
	}
	// Instructions for framed: a code, a length, and the payload.
	for _, s := range []string{"\x07\x02hi", "\x01\x02hi\x06\x02ho", "\x01\x02\xe2\x82\x0a\x03abc\x06\x01\xac", "\x09\x02\x03\xe8", "\x09\x05\x03\xf4bye", "\x18\x10" + string(make([]byte, 160)), "\x32\x3c" + string(make([]byte, 600)) + "\x50\x3c" + string(make([]byte, 600))} {
		for role := range uint8(2) {
			f.Add([]byte(s), role|framedInput, uint8(0))
			f.Add([]byte(s), role|framedInput, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, how, cut uint8) {
		role := wire.Role(how & 1)
		if how&framedInput != 0 {
			in = framed(in, role)
		}
		ours, whyOurs := readOurs(bytes.Clone(in), role, cut)
		theirs, whyTheirs := readTheirs(in, role)
		if whyOurs != nil && whyTheirs == nil {
			theirs, whyTheirs = readTheirs(wholeHeader(in), role)
		}
		if differs(whyOurs, whyTheirs) {
			n := min(len(ours), len(theirs))
			ours, theirs = ours[:n], theirs[:n]
			whyOurs, whyTheirs = nil, nil
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("%q as %v: %q (then %v), gobwas/ws reads %q (then %v)", in, role, ours, whyOurs, theirs, whyTheirs)
		}
		if (whyOurs == nil) != (whyTheirs == nil) || whyOurs != nil && whyOurs.code != whyTheirs.code {
			t.Fatalf("%q as %v: ends with %v, gobwas/ws with %v", in, role, whyOurs, whyTheirs)
		}
	})
}

func (r *refusal) is(err error) bool { return r != nil && errors.Is(r.err, err) }

func (r *refusal) String() string {
	if r == nil {
		return "nothing"
	}
	return fmt.Sprintf("%d, %v", r.code, r.err)
}

// framedInput is the bit that makes FuzzDecoder call framed.
const framedInput = 2

// framed makes frames from in, so that the fuzzer gets past their headers. Each
// frame is well formed by itself, but its opcode and payload may be wrong.
func framed(in []byte, role wire.Role) (out []byte) {
	opcodes := [6]byte{0, 1, 2, 8, 9, 10}
	for len(in) >= 2 {
		code, n := in[0], int(in[1])
		if code&16 != 0 && n > 7 {
			n *= 10 // longer than what fits into seven bits
		}
		in = in[2:]
		n = min(n, len(in))
		opcode := opcodes[code&15%6]
		if opcode >= 8 || code/6&1 != 0 {
			opcode |= 0x80
		}
		var masked byte
		if role == wire.Server {
			masked = 0x80
		}
		switch {
		case n < 126:
			out = append(out, opcode, masked|byte(n))
		default:
			out = binary.BigEndian.AppendUint16(append(out, opcode, masked|126), uint16(n))
		}
		if masked != 0 {
			key := [4]byte{code, 0x55, byte(n), 0xaa}
			out = append(out, key[:]...)
			for i, c := range in[:n] {
				out = append(out, c^key[i&3])
			}
		} else {
			out = append(out, in[:n]...)
		}
		in = in[n:]
	}
	return out
}

// readOurs reads in with the Decoder, in pieces of cut bytes, or all at once if
// cut is zero.
func readOurs(in []byte, role wire.Role, cut uint8) (events []string, why *refusal) {
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, Role: role, MaxMessage: limit})
	defer d.Release()
	frames := bytes.Clone(in)
	n := int(cut)
	if n == 0 {
		n = max(1, len(in))
	}
	for p := range slices.Chunk(in, n) {
		for len(p) > 0 {
			if space := d.Space(); space != nil {
				m := copy(space, p)
				p = p[m:]
				d.Filled(m)
			} else {
				d.Feed(p)
				p = nil
			}
			for ev := range d.Events() {
				switch ev.Kind {
				case wire.Close:
					return append(events, fmt.Sprintf("close %d %q", ev.Code, ev.Data)), nil
				case wire.Fail:
					return events, &refusal{ev.Err, ev.Code, closeCode(frames)}
				default:
					events = append(events, fmt.Sprintf("%v %q", names[ev.Kind], ev.Data))
				}
			}
		}
	}
	return events, nil
}

var names = map[wire.Kind]string{wire.Text: "text", wire.Binary: "binary", wire.Ping: "ping", wire.Pong: "pong"}

// closeCode returns the status code of the first close frame.
func closeCode(frames []byte) (code uint16) {
	headers(frames, func(h ws.Header, payload []byte) {
		if h.OpCode == ws.OpClose && code == 0 && len(payload) >= 2 {
			p := bytes.Clone(payload)
			if h.Masked {
				ws.Cipher(p, h.Mask, 0)
			}
			code = binary.BigEndian.Uint16(p)
		}
	})
	return code
}

// wholeHeader completes a header that is cut off at the end.
func wholeHeader(frames []byte) []byte {
	whole := bytes.Clone(frames)
	for headers(whole, func(ws.Header, []byte) {}) {
		whole = append(whole, 0)
	}
	return whole
}

// headers calls f for each frame, and reports whether the last one ends within
// its header.
func headers(frames []byte, f func(h ws.Header, payload []byte)) (within bool) {
	r := bytes.NewReader(frames)
	for r.Len() > 0 {
		h, err := ws.ReadHeader(r)
		if err != nil {
			return err != ws.ErrHeaderLengthMSB
		}
		rest := frames[len(frames)-r.Len():]
		n := min(h.Length, int64(len(rest)))
		f(h, rest[:n])
		r.Seek(n, io.SeekCurrent)
	}
	return false
}

// readTheirs reads the whole frames with gobwas/ws.
func readTheirs(in []byte, role wire.Role) (events []string, why *refusal) {
	state := ws.StateClientSide
	if role == wire.Server {
		state = ws.StateServerSide
	}
	var closed bool
	var refused uint16
	control := func(h ws.Header, r io.Reader) error {
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(r, p); err != nil {
			return io.ErrUnexpectedEOF // io.EOF would end the message around this frame
		}
		switch h.OpCode {
		case ws.OpPing:
			events = append(events, fmt.Sprintf("ping %q", p))
		case ws.OpPong:
			events = append(events, fmt.Sprintf("pong %q", p))
		default:
			code, reason := ws.StatusNoStatusRcvd, ""
			if len(p) > 0 {
				code, reason = ws.ParseCloseFrameData(p)
				if err := ws.CheckCloseFrameData(code, reason); err != nil {
					refused = uint16(code)
					return err
				}
			}
			events, closed = append(events, fmt.Sprintf("close %d %q", code, reason)), true
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	r := &wsutil.Reader{Source: bytes.NewReader(in), State: state, CheckUTF8: true, MaxMessageSize: limit, OnIntermediate: control}
	for {
		h, err := r.NextFrame()
		var p []byte
		if err == nil && h.OpCode.IsControl() {
			if err = control(h, r); err == nil {
				continue
			}
		} else if err == nil {
			p, err = io.ReadAll(r)
		}
		switch {
		case closed || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return events, nil
		case errors.Is(err, wsutil.ErrMessageTooLarge):
			return events, &refusal{err: err, code: wire.StatusMessageTooBig}
		case errors.Is(err, wsutil.ErrInvalidUTF8), errors.Is(err, ws.ErrProtocolInvalidUTF8):
			return events, &refusal{err: err, code: wire.StatusInvalidPayload}
		case err != nil:
			return events, &refusal{err, wire.StatusProtocolError, refused}
		}
		name := "text"
		if h.OpCode == ws.OpBinary {
			name = "binary"
		}
		events = append(events, fmt.Sprintf("%s %q", name, p))
	}
}
