package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire/internal/mask"
)

// fastPathConfig returns a Config chosen by the bits of how.
func fastPathConfig(how uint16) *Config {
	return &Config{
		Version:      AllVersions()[how&7%6],
		Role:         Role(how >> 3 & 1),
		MaxFrame:     []int{0, 100, 200, 70000}[how>>4&3],
		MaxMessage:   []int{0, 125, 300, 65535}[how>>6&3],
		FragmentSize: []int{0, 1, 126, 70000}[how>>8&3],
		Parts:        how>>10&1 != 0,
		Memory:       []Memory{nil, roomy{}}[how>>11&1],
		MaskKey:      fixedKey,
	}
}

// A roomy is a Memory whose buffers have room for more than they need.
type roomy struct{}

func (roomy) Get(n int) *Buffer { return &Buffer{B: make([]byte, 0, n+1000)} }
func (roomy) Put(*Buffer)       {}

// decodeBothWays decodes in, cut in two, with the fast path and without it.
func decodeBothWays(cfg *Config, in []byte, cut int) (fast, slow []Event) {
	events := func(d *Decoder) (all []Event) {
		in := bytes.Clone(in)
		for _, piece := range [][]byte{in[:cut], in[cut:]} {
			d.Feed(piece)
			for ev := range d.Events() {
				ev.Data = bytes.Clone(ev.Data)
				all = append(all, ev)
			}
		}
		d.FeedEOF(false)
		return append(all, d.Next())
	}
	var d Decoder
	d.Init(cfg)
	fast = events(&d)
	d.Init(cfg)
	d.fastLimit, d.slowState = -1, newSlowState()
	return fast, events(&d)
}

// encodeBothWays encodes the event before and then p, with the fast path and without
// it.
func encodeBothWays(cfg *Config, before Event, kind Kind, p []byte) (fast, slow []byte, fastErr, slowErr error) {
	encode := func(way func(e *Encoder, out []byte) ([]byte, error)) ([]byte, error) {
		var e Encoder
		e.Init(cfg)
		out := []byte("before")
		if before.Kind != None {
			out, _ = e.Append(out, before)
		}
		return way(&e, out)
	}
	fast, fastErr = encode(func(e *Encoder, out []byte) ([]byte, error) { return e.AppendMessage(out, kind, p) })
	slow, slowErr = encode(func(e *Encoder, out []byte) ([]byte, error) { return e.appendSlow(out, Event{Kind: kind, Data: p}) })
	return fast, slow, fastErr, slowErr
}

// FuzzFastPath checks that the fast path gives the same results as the slow path; see
// fastpath.go.
func FuzzFastPath(f *testing.F) {
	frame := func(role Role, first byte, length ...byte) []byte {
		if role == Client {
			length[0] |= 0x80
			length = append(length, 0, 0, 0, 0)
		}
		return append([]byte{first}, length...)
	}
	// short returns a text in fragments, masked unless they come from a server, without a
	// last one.
	short := func(role Role, payloads ...string) (in []byte) {
		for i, p := range payloads {
			first := byte(continuation)
			if i == 0 {
				first = byte(Text)
			}
			in = append(in, first, byte(len(p)))
			key := uint32(0)
			if role == Client {
				key = 0x04030201 + uint32(i)
				in[len(in)-1] |= 0x80
				in = binary.LittleEndian.AppendUint32(in, key)
			}
			in = mask.Append(in, []byte(p), key)
		}
		return in
	}
	for _, role := range []Role{Client, Server} {
		text := func(n int) string { return strings.Repeat("a", n) }
		for _, in := range [][]byte{
			append(frame(role, 0x81, 9), "Gr\xc3\xbc\xc3\x9fe!"...),
			append(frame(role, 0x82, 126, 0, 126), text(126)...),
			append(frame(role, 0x82, 126, 0, 125), text(125)...), // not the shortest form
			append(frame(role, 0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0), text(1<<16)...),
			append(frame(role, 0x81, 4), "ab\xff\xfe"...),
			append(frame(role, 0x81, 0), "\x81\x00\x81\x00\x81\x00"...),
			append(frame(role, 0xC1, 5), "Hello"...),
			append(frame(role, 0x83, 5), "Hello"...),
			append(append(frame(role, 0x01, 5), "Hello"...), append(frame(role, 0x81, 5), "Hello"...)...), // a message in another
			slices.Concat(frame(role, 0x01, 1), []byte("a"), frame(role, 0, 0), frame(role, 0, 0), frame(role, 0x89, 0), frame(role, 0, 0), frame(role, 0x80, 1), []byte("b")),
			slices.Concat(frame(role, 0x01, 2), []byte("\xc3\xbc"), frame(role, 0, 0), frame(role, 0x80, 0), frame(role, 0, 0)), // the last one continues nothing
			slices.Concat(frame(role, 0x01, 1), []byte("\xc3"), frame(role, 0, 0), frame(role, 0x80, 0)),                        // half a character
			slices.Concat(frame(role, 0x01, 0), frame(role, 0, 0), frame(1-role, 0, 0)),                                         // with the wrong MASK bit
			slices.Concat(frame(role, 0x01, 0), frame(role, 0x40, 0)),                                                           // with a reserved bit
			append(short(role, "a", "", "bc", text(50), "e", text(60)), append(frame(role, 0x80, 1), "g"...)...),
			append(short(role, "\xc3", "\xbc", "x\xe2", "\x82", "\xac"), frame(role, 0x80, 0)...),
			append(short(role, "a", "b", "c\xff", "d"), frame(role, 0x89, 0)...),
			slices.Concat(short(role, slices.Repeat([]string{"0123456789"}, 31)...), frame(role, 0x89, 0)), // more than some MaxMessage
			short(role, text(50), text(70), "b", text(101), text(125)),                                     // and some MaxFrame
			append(frame(role, 0x89, 126, 0, 200), text(200)...),
			append(frame(role, 0x89, 126, 0, 5), "Hello"...), // not the shortest form
			append(append(frame(role, 0x89, 5), "Hello"...), frame(role, 0x8A, 0)...),
			append(frame(role, 0x8A, 125), text(125)...),
			append(frame(role, 0x0A, 5), "Hello"...),
			append(frame(role, 0xC9, 5), "Hello"...),
			append(frame(1-role, 0x89, 5), "Hello"...),
			append(append(frame(role, 0x88, 2), 3, 232), append(frame(role, 0x81, 5), "Hello"...)...), // after a close
			append(frame(role, 0x81, 100), "not the whole"...),
			append(frame(1-role, 0x81, 9), "not so it"...),
		} {
			for how := range uint16(32) {
				for _, cut := range []uint8{0, 4, 12} {
					f.Add(in, cut, uint16(5)|uint16(1-role)<<3|how&15<<4|how>>4<<11, uint8(how), uint8(Text+Kind(how&1)))
				}
			}
		}
	}
	// The bytes after the cut look like a message. In fact they lie within another
	// message, in a header, in a payload, and after a close.
	f.Add([]byte("\x01\x05Hello\x81\x0cHello, world"), uint8(7), uint16(5), uint8(0), uint8(Text))
	f.Add(append([]byte("\x82\x7e\x82\x05"), make([]byte, 0x8205)...), uint8(2), uint16(5), uint8(0), uint8(Text))
	f.Add([]byte("\x82\x0e\x82\x0cHello, world"), uint8(2), uint16(5), uint8(0), uint8(Text))
	f.Add([]byte("\x89\x0e\x82\x0cHello, world"), uint8(2), uint16(5), uint8(0), uint8(Text))
	f.Add([]byte("\x88\x00\x82\x0cHello, world"), uint8(2), uint16(5), uint8(0), uint8(Text))
	// Fragments that are no case for the fast path: parts are events, the first one
	// is within the payload of another, or the length takes two bytes more.
	f.Add([]byte("\x01\x01a\x00\x00\x00\x01b\x80\x01c"), uint8(0), uint16(5|1<<10), uint8(0), uint8(Text))
	f.Add([]byte("\x01\x08abcd\x00\x01zz\x80\x01c"), uint8(6), uint16(5|1<<11), uint8(0), uint8(Text))
	f.Add([]byte("\x01\x01a\x00\x7e\x00\x7e"+strings.Repeat("\x00", 126)+"\x80\x01c"), uint8(0), uint16(5|1<<11), uint8(0), uint8(Text))
	for _, kind := range []Kind{None, Close, Ping, Fail} {
		f.Add([]byte("a"), uint8(0), uint16(5)|uint16(Server)<<3, uint8(0), uint8(kind))
	}
	for i, n := range []int{125, 126, 200, 1<<16 - 1, 1 << 16} {
		for how := range uint16(8) {
			f.Add(bytes.Repeat([]byte("a"), n), uint8(0), uint16(5)|how&1<<3|how>>1<<8, uint8(i), uint8(Text))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint8, how uint16, before, kind uint8) {
		cfg := fastPathConfig(how)
		fast, slow := decodeBothWays(cfg, in, min(int(cut), len(in)))
		if !slices.EqualFunc(fast, slow, func(a, b Event) bool {
			return a.Kind == b.Kind && a.Cont == b.Cont && a.More == b.More && a.Code == b.Code && a.Err == b.Err && bytes.Equal(a.Data, b.Data)
		}) {
			t.Fatalf("decoded by the fast path: %v, by the slow path: %v", fast, slow)
		}

		first := []Event{{}, {Kind: Ping}, {Kind: Close, Code: StatusNormalClosure}, {Kind: Text, More: true}}[before&3]
		a, b, errA, errB := encodeBothWays(cfg, first, Kind(kind), in)
		if !bytes.Equal(a, b) || errA != errB {
			t.Fatalf("encoded by the fast path: %x, %v, by the slow path: %x, %v", a, errA, b, errB)
		}
	})
}

// A message takes the fast path exactly if the version and the limits allow it.
func TestFastPathTaken(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want bool
	}{
		{"RFC 6455", Config{Version: Hybi13}, true},
		{"an earlier version", Config{Version: Hybi08}, false},
		{"a longer limit", Config{Version: Hybi13, MaxMessage: 300}, true},
		{"a shorter limit", Config{Version: Hybi13, MaxMessage: 299}, false},
	} {
		var d Decoder
		d.Init(&c.cfg)
		d.Feed(append([]byte{0x82, 126, 1, 44}, make([]byte, 300)...))
		kind, p := d.NextMessage()
		if got := kind == Binary && len(p) == 300; got != c.want {
			t.Errorf("%s: kind %d, %d bytes", c.name, kind, len(p))
		}
	}
}

// TestPingsNeedNoSlowState checks that short messages, pings and pongs that arrive as a
// whole leave a Decoder without the memory that other frames need.
func TestPingsNeedNoSlowState(t *testing.T) {
	for _, role := range []Role{Client, Server} {
		var e Encoder
		e.Init(&Config{Version: Hybi13, Role: 1 - role, MaskKey: fixedKey})
		want := []Event{{Kind: Ping}, {Kind: Text, Data: []byte("Hello, world")}, {Kind: Pong, Data: []byte("Hello")}, {Kind: Pong}}
		var in []byte
		for _, ev := range want {
			in, _ = e.Append(in, ev)
		}
		var d Decoder
		d.Init(&Config{Version: Hybi13, Role: role})
		d.Feed(in)
		n := 0
		for ev := range d.Events() {
			if ev.Kind != want[n].Kind || !bytes.Equal(ev.Data, want[n].Data) {
				t.Errorf("role %v: %v, want %v", role, ev, want[n])
			}
			n++
		}
		if n != len(want) || d.slowState != nil {
			t.Errorf("role %v: %d events, want %d; slow state: %v", role, n, len(want), d.slowState != nil)
		}
	}
}
