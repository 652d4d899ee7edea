package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// tag is a message extension that puts its name in front of messages. If it claims
// bits, it leaves messages that contain "plain" unchanged.
type tag struct {
	name string
	bits wire.RSV
	log  *[]string
}

func (x tag) Claims() wire.RSV { return x.bits }

func (x tag) EncodeMessage(dst []byte, kind wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	if bytes.Contains(p, []byte("refused")) {
		return nil, 0, errRefused
	}
	if x.bits != 0 && bytes.Contains(p, []byte("plain")) {
		return p, 0, nil
	}
	return append(append(dst, x.name...), p...), x.bits | wire.RSV3, nil
}

func (x tag) DecodeMessage(dst []byte, kind wire.Kind, rsv wire.RSV, p []byte, limit int) ([]byte, error) {
	*x.log = append(*x.log, x.name)
	rest, ok := bytes.CutPrefix(p, []byte(x.name))
	if !ok {
		return nil, errRefused
	}
	if bytes.HasPrefix(rest, []byte("grow")) {
		return append(dst, strings.Repeat("x", 60)...), nil
	}
	if bytes.HasPrefix(rest, []byte("bomb")) {
		return append(dst, strings.Repeat("x", 1000)...), nil
	}
	return append(dst, rest...), nil
}

var errRefused = errors.New("refused")

// frameTag is like tag, for frames.
type frameTag struct {
	tag
	frames *[]wire.Frame
}

func (x frameTag) EncodeMessage() {} // hides tag's method, so that frameTag is not a MessageExtension

func (x frameTag) EncodeFrame(dst []byte, f wire.Frame, p []byte) ([]byte, wire.RSV, error) {
	return x.tag.EncodeMessage(dst, f.Kind, p)
}

func (x frameTag) DecodeFrame(dst []byte, f wire.Frame, rsv wire.RSV, p []byte, limit int) ([]byte, error) {
	*x.frames = append(*x.frames, f)
	return x.tag.DecodeMessage(dst, f.Kind, rsv, p, limit)
}

// extended has two message extensions and a frame extension.
type extended struct {
	log    []string
	frames []wire.Frame
	cfg    wire.Config
}

func newExtended() *extended {
	x := &extended{}
	x.cfg = wire.Config{Version: wire.Hybi13, Role: wire.Server, MaxFrame: 100, MaxMessage: 100, Extensions: []wire.Extension{
		tag{"A:", wire.RSV1, &x.log},
		frameTag{tag{"F:", wire.RSV2, &x.log}, &x.frames},
		tag{"B:", 0, &x.log},
	}}
	return x
}

func TestExtensionOrder(t *testing.T) {
	x := newExtended()
	var e wire.Encoder
	e.Init(&x.cfg)
	x.cfg.FragmentSize = 6
	for _, c := range []struct{ in, want string }{
		// The extensions also return RSV3, which they do not claim: it is not set.
		{"Hello", "\x61\x08F:B:A:He" + "\xA0\x05F:llo"},
		{"plain", "\x21\x08F:B:plai" + "\xA0\x03F:n"},
		{"", "\xE1\x06F:B:A:"},
	} {
		out, err := e.Append(nil, wire.Event{Kind: wire.Text, Data: []byte(c.in)})
		if err != nil || string(out) != c.want {
			t.Errorf("%q is sent as %q, %v, want %q", c.in, out, err, c.want)
		}
		client := x.cfg
		client.Role = wire.Client
		for n := 1; n <= len(out); n++ {
			x.log, x.frames = nil, nil
			got := decode(t, &client, out, func(int) int { return n }, false, false)
			want := describe(wire.Event{Kind: wire.Text, Data: []byte(c.in)})
			if !slices.Equal(got, []string{want}) {
				t.Fatalf("%q comes back as %q", c.in, got)
			}
		}
		if c.in == "Hello" {
			if !slices.Equal(x.log, []string{"F:", "F:", "B:", "A:"}) {
				t.Errorf("decoded in the order %q", x.log)
			}
			if !slices.Equal(x.frames, []wire.Frame{{Kind: wire.Text, More: true}, {Kind: wire.Text, Cont: true}}) {
				t.Errorf("the frames are described as %v", x.frames)
			}
		}
		if c.in == "plain" && slices.Contains(x.log, "A:") {
			t.Error("an extension was called for a message without its bit")
		}
	}
}

func TestExtensionRules(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		cfg  func(*wire.Config)
		want []string
	}{
		"a bit of a message extension on a continuation frame": {"\x01\x02B:\xC0\x00", nil, []string{"fail ErrReservedBits"}},
		"a bit of a frame extension on a continuation frame":   {"\x01\x02B:\xA0\x03F:x", nil, []string{"text 78"}},
		"a bit that nobody claims":                             {"\x91\x02B:", nil, []string{"fail ErrReservedBits"}},
		"a control frame with a claimed bit":                   {"\xC9\x00", nil, []string{"fail ErrReservedBits"}},
		"control frames pass by":                               {"\x01\x03B:x\x89\x01p\x80\x01y", nil, []string{"ping 70", "text 7879"}},
		"an error of an extension":                             {"\x82\x03xyz", nil, []string{"fail 1007 " + wire.ErrExtensionData.Error() + ": refused"}},
		"an error of a frame extension":                        {"\xA2\x03xyz", nil, []string{"fail 1007 " + wire.ErrExtensionData.Error() + ": refused"}},
		"a decoded message that is too long":                   {"\x82\x06B:bomb", nil, []string{"fail ErrMessageTooBig"}},
		"a decoded frame that is too long":                     {"\xA2\x06F:bomb", nil, []string{"fail ErrMessageTooBig"}},
		"decoded frames that are too long together": {"\x22\x06F:grow\xA0\x06F:grow",
			func(c *wire.Config) { c.Extensions = c.Extensions[1:2] }, []string{"fail ErrMessageTooBig"}},
		"decoded frames that are too long together, in parts": {"\x22\x06F:grow\xA0\x06F:grow",
			func(c *wire.Config) { c.Extensions = c.Extensions[1:2]; c.Parts = true },
			[]string{"binary more " + strings.Repeat("78", 60), "fail ErrMessageTooBig"}},
		"a text that is valid when decoded, and not before": {"\x41\x02\xffh\x80\x01i", func(c *wire.Config) {
			c.Extensions = []wire.Extension{tag{"\xff", wire.RSV1, new([]string)}}
		}, []string{"text 6869"}},
		"a plain message after an encoded one, in parts": {"\x42\x03A:x\x80\x01y\x02\x01x\x80\x01y", func(c *wire.Config) {
			c.Extensions, c.Parts = []wire.Extension{tag{"A:", wire.RSV1, new([]string)}}, true
		}, []string{"binary 7879", "binary more 78", "binary cont 79"}},
		"a decoded text that is not valid":       {"\x81\x03B:\xff", nil, []string{"fail ErrInvalidUTF8"}},
		"a text that is valid only when decoded": {"\xC1\x06B:A:\xe2\x82\x80\x00", nil, []string{"fail ErrInvalidUTF8"}},
		"an encoded message in fragments is one part": {"\x02\x03B:x\x00\x01y\x80\x01z",
			func(c *wire.Config) { c.Parts = true }, []string{"binary 78797a"}},
		"decoded frames are parts": {"\x22\x03F:x\x00\x01y\xA0\x03F:z",
			func(c *wire.Config) { c.Parts = true; c.Extensions = c.Extensions[1:2] }, []string{"binary more 78", "binary cont more 79", "binary cont 7a"}},
		"decoded frames are checked as text": {"\x21\x03F:\xe2\x00\x01\x82\xA0\x03F:x",
			func(c *wire.Config) { c.Extensions = c.Extensions[1:2] }, []string{"fail ErrInvalidUTF8"}},
	} {
		for n := 1; n <= len(c.in); n++ {
			x := newExtended()
			x.cfg.Role = wire.Client
			if c.cfg != nil {
				c.cfg(&x.cfg)
			}
			if got := decode(t, &x.cfg, []byte(c.in), func(int) int { return n }, false, false); !slices.Equal(got, c.want) {
				t.Errorf("%s, in pieces of %d: %q, want %q", name, n, got, c.want)
				break
			}
		}
	}
}

func TestExtensionErrorIsBoth(t *testing.T) {
	x := newExtended()
	x.cfg.Role = wire.Client
	var d wire.Decoder
	d.Init(&x.cfg)
	d.Feed([]byte("\x82\x03xyz"))
	ev := d.Next()
	if !errors.Is(ev.Err, errRefused) || !errors.Is(ev.Err, wire.ErrExtensionData) {
		t.Error(ev.Err)
	}
	if r, ok := wire.Reply(ev); !ok || r.Code != wire.StatusInvalidPayload || string(r.Data) != wire.ErrExtensionData.Reason {
		t.Error(r)
	}
}

func TestExtensionRefuses(t *testing.T) {
	x := newExtended()
	var e wire.Encoder
	e.Init(&x.cfg)
	if out, err := e.Append([]byte("before"), wire.Event{Kind: wire.Binary, Data: []byte("refused")}); err != errRefused || string(out) != "before" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := e.Append(nil, wire.Event{Kind: wire.Ping, Data: []byte("refused")}); err != nil || string(out) != "\x89\x07refused" {
		t.Errorf("%q, %v", out, err)
	}
}

// An extension returns an error for the second frame, after the first was appended.
func TestExtensionRefusesLate(t *testing.T) {
	x := newExtended()
	x.cfg.Extensions = x.cfg.Extensions[1:2]
	x.cfg.FragmentSize = 7
	mem := &meteredMemory{}
	x.cfg.Memory = mem
	var e wire.Encoder
	e.Init(&x.cfg)
	if out, err := e.Append([]byte("before"), wire.Event{Kind: wire.Binary, Data: []byte("1234567refused")}); err != errRefused || string(out) != "before" {
		t.Errorf("%q, %v", out, err)
	}
	if mem.count != 0 {
		t.Errorf("%d buffers were not given back", mem.count)
	}
}

func TestAppendEncoded(t *testing.T) {
	var e wire.Encoder
	e.Init(&wire.Config{Version: wire.Hybi13, Role: wire.Server, FragmentSize: 3})
	ev := wire.Event{Kind: wire.Text, Data: []byte("\xff\xfe\xfd\xfc")}
	out, err := e.AppendEncoded(nil, ev, wire.RSV1)
	if err != nil || string(out) != "\x41\x03\xff\xfe\xfd\x80\x01\xfc" {
		t.Errorf("%x, %v", out, err)
	}
	if _, err := e.AppendEncoded(nil, wire.Event{Kind: wire.Ping}, 0); err != wire.ErrUnsupported {
		t.Error(err)
	}
	if _, err := e.Append(nil, wire.Event{Kind: wire.Close, Code: 1000}); err != nil || !e.CloseSent() {
		t.Error(err)
	}
	if out, err := e.AppendEncoded([]byte("x"), ev, 0); err != wire.ErrCloseSent || string(out) != "x" {
		t.Error(out, err)
	}
}

// cut is an extension that returns a part of what it is called with.
type cut int

func (x cut) Claims() wire.RSV { return 0 }

func (x cut) EncodeMessage(_ []byte, _ wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	return p[min(int(x), len(p)):], 0, nil
}

func (x cut) DecodeMessage(_ []byte, _ wire.Kind, _ wire.RSV, p []byte, _ int) ([]byte, error) {
	return p[min(int(x), len(p)):], nil
}

// frameCut is like cut, for frames.
type frameCut struct{ cut }

func (x frameCut) EncodeMessage() {} // as for frameTag

func (x frameCut) EncodeFrame(dst []byte, f wire.Frame, p []byte) ([]byte, wire.RSV, error) {
	return x.cut.EncodeMessage(dst, f.Kind, p)
}

func (x frameCut) DecodeFrame(dst []byte, f wire.Frame, rsv wire.RSV, p []byte, limit int) ([]byte, error) {
	return x.cut.DecodeMessage(dst, f.Kind, rsv, p, limit)
}

// What an extension leaves as it is, or cuts, is in memory of the caller, which the Memory must
// not get: it would lend it to somebody else. That of an empty message counts too.
func TestMemoryOfExtensions(t *testing.T) {
	const after = "what follows is the caller's"
	for _, c := range []struct{ in, frame string }{
		{"", "\x82\x00"}, {"H", "\x82\x01H"}, {"Hello", "\x82\x05Hello"},
	} {
		for n := range 4 {
			want := c.in[min(n, len(c.in)):]
			for _, x := range []wire.Extension{cut(n), frameCut{cut(n)}} {
				mem := &meteredMemory{}
				cfg := &wire.Config{Version: wire.Hybi13, Memory: mem, Extensions: []wire.Extension{x}}
				var e wire.Encoder
				var d wire.Decoder
				e.Init(&wire.Config{Version: wire.Hybi13, Role: wire.Server, Memory: mem, Extensions: cfg.Extensions})
				d.Init(cfg)

				memory := []byte(c.in + after)
				out, err := e.Append(nil, wire.Event{Kind: wire.Binary, Data: memory[:len(c.in)]})
				if err != nil || string(out) != "\x82"+string(byte(len(want)))+want {
					t.Errorf("%T %d: %q is sent as %q, %v", x, n, c.in, out, err)
				}
				if string(memory) != c.in+after {
					t.Errorf("%T %d: sending %q, the caller's memory was given away", x, n, c.in)
				}

				memory = []byte(c.frame + after)
				d.Feed(memory[:len(c.frame)])
				if ev := d.Next(); ev.Kind != wire.Binary || string(ev.Data) != want {
					t.Errorf("%T %d: %q is received as %s", x, n, c.in, describe(ev))
				}
				d.Next()
				if string(memory) != c.frame+after {
					t.Errorf("%T %d: receiving %q, the caller's memory was given away", x, n, c.in)
				}
				if mem.count != 0 {
					t.Errorf("%T %d, %q: %d buffers were not given back", x, n, c.in, mem.count)
				}
			}
		}
	}
}
