package wire_test

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/airsocket/airsocket/wire"
)

// fuzzConfig returns a Config chosen by the bits of b.
func fuzzConfig(b uint16) *wire.Config {
	x := newExtended()
	c := &x.cfg
	c.Version = versions[int(b&7)%len(versions)]
	c.Role = wire.Role(b >> 3 & 1)
	c.Parts = b>>4&1 != 0
	c.MaxFrame = []int{0, 100, 1000, 1 << 20}[b>>5&3]
	c.MaxMessage = []int{0, 150, 1000, 1 << 20}[b>>7&3]
	c.FragmentSize = []int{0, 1, 7, 200}[b>>9&3]
	if b>>11&1 == 0 || c.Version < wire.Hybi06 {
		c.Extensions = nil
	}
	c.MaskKey = func() [4]byte { return mask }
	return c
}

// FuzzDecode feeds arbitrary bytes to a Decoder: it does not panic, its events do not
// depend on how the input is cut, and its memory stays in proportion to the input,
// which decode checks.
func FuzzDecode(f *testing.F) {
	seeds := []string{
		"\x81\x05Hello", "\x01\x03Hel\x80\x02lo", "\x89\x05Hello", "\x81\x857\xfa!=\x7f\x9fMQX", "\x88\x02\x03\xe8", "\x88\x05\x03\xe8bye",
		"7\xfa!=\xb3\xffiX[\x96N", "\x84\x05Hello", "\x00Hello\xff\xff\x00", "\x80\x05abcde\x00\x80\xff", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00abc", "\x82\x7e\x01\x00" + string(make([]byte, 256)), "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff",
		"\x01\x02\xe2\x82\x00\x00\x80\x01\xac", "\xe1\x08F:B:A:Hi", "\x62\x07F:B:A:x\xA0\x03F:y",
	}
	for i, s := range seeds {
		for _, role := range []uint16{0, 8} {
			for v := range uint16(len(versions)) {
				f.Add([]byte(s), v|role|uint16(i%4)<<5|uint16(i/2%2)<<11, uint8(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, b uint16, cut uint8) {
		cfg := fuzzConfig(b)
		eof := cut&1 != 0
		whole := decode(t, cfg, in, func(left int) int { return left }, eof, cut&2 != 0)
		for _, n := range []int{1, 1 + int(cut)} {
			if got := decode(t, cfg, in, func(int) int { return n }, eof, cut&2 != 0); !slices.Equal(got, whole) {
				t.Fatalf("in pieces of %d: %q, as a whole: %q", n, got, whole)
			}
		}
	})
}

// FuzzRoundTrip encodes events and decodes them again.
func FuzzRoundTrip(f *testing.F) {
	for i, s := range []string{"", "Hello", "天地玄黄", "\xff\xfe", string(bytes.Repeat([]byte("0123456789"), 30))} {
		for v := range uint16(len(versions)) {
			f.Add([]byte(s), v|uint16(i)<<9|uint16(i&1)<<3|uint16(i&1)<<11, uint8(i), uint8(wire.Text+wire.Kind(i&1)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, b uint16, cut, kind uint8) {
		cfg := fuzzConfig(b &^ (1<<4 | 15<<5)) // whole messages, no limits
		cfg.MaxFrame, cfg.MaxMessage = 0, 0
		ev := wire.Event{Kind: wire.Kind(kind), Data: data}
		if ev.Kind == wire.Close {
			ev.Code = wire.StatusCode(3000 + int(cut))
		}
		var e wire.Encoder
		e.Init(cfg)
		once, err := e.Append(nil, ev)
		valid := ev.Kind != wire.Text && ev.Kind != wire.Close || utf8.Valid(data)
		short := len(data) <= 123 || len(data) <= 125 && ev.Kind != wire.Close || ev.Kind < wire.Close
		fine := cfg.Version.Can(ev.Kind) && valid && short
		if bytes.Contains(data, []byte("refused")) && cfg.Extensions != nil || bytes.Contains(data, []byte("bomb")) {
			t.Skip("words that the test's extensions know")
		}
		if (err == nil) != fine {
			t.Fatalf("%s of %q: %v", cfg.Version, data, err)
		}
		if err != nil {
			if len(once) != 0 {
				t.Fatalf("%q was appended for an error", once)
			}
			return
		}
		if ev.Kind == wire.Close && cfg.Version < wire.Hybi06 {
			ev.Code, ev.Data = wire.StatusNoStatusReceived, nil
		}
		peer := *cfg
		peer.Role = 1 - cfg.Role
		got := decode(t, &peer, once, func(int) int { return 1 + int(cut) }, false, false)
		if !slices.Equal(got, []string{describe(ev)}) {
			t.Fatalf("%s: %s came back as %q", cfg.Version, describe(ev), got)
		}
	})
}
