package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// A counter is a PartExtension that puts its name before the first part of a message, and
// notes the parts.
type counter struct {
	tag
	parts *[]wire.Frame
}

func (x counter) EncodePart(dst []byte, f wire.Frame, p []byte) ([]byte, wire.RSV, error) {
	*x.parts = append(*x.parts, f)
	if f.Cont {
		if bytes.Contains(p, []byte("refused")) {
			return nil, 0, errRefused
		}
		return p, wire.RSV1 | wire.RSV2, nil
	}
	return x.EncodeMessage(dst, f.Kind, p)
}

// TestPartExtension checks what extensions encode of the parts of a message, and that the
// reserved bits are in the first frame only.
func TestPartExtension(t *testing.T) {
	var log []string
	var frames, parts []wire.Frame
	mem := &meteredMemory{}
	cfg := wire.Config{Version: wire.Hybi13, Role: wire.Server, FragmentSize: 2, Memory: mem, Extensions: []wire.Extension{
		counter{tag{"A:", wire.RSV1, &log}, &parts},
		counter{tag{"B:", 0, &log}, &parts},
		frameTag{tag{"F:", wire.RSV2, &log}, &frames},
	}}
	var e wire.Encoder
	e.Init(&cfg)
	out := []byte("before")
	for _, c := range []struct {
		ev   wire.Event
		want string
		err  error
	}{
		{wire.Event{Kind: wire.Text, More: true, Data: []byte("x")}, "\x61\x07F:B:A:x", nil},
		{wire.Event{Kind: wire.Text, Cont: true, Data: []byte("refused")}, "", errRefused},
		{wire.Event{Kind: wire.Text, Cont: true, More: true, Unencoded: true}, "", wire.ErrUnsupported}, // because of B
		{wire.Event{Kind: wire.Ping, Unencoded: true}, "\x89\x00", nil},
		{wire.Event{Kind: wire.Text, Cont: true, More: true}, "\x20\x02F:", nil},
		{wire.Event{Kind: wire.Text, Cont: true, Data: []byte("yz")}, "\xA0\x04F:yz", nil},
		{wire.Event{Kind: wire.Text, Unencoded: true}, "", wire.ErrUnsupported},
	} {
		before := len(out)
		var err error
		if out, err = e.Append(out, c.ev); !errors.Is(err, c.err) || string(out[before:]) != c.want {
			t.Errorf("%+v is sent as %q, %v, want %q, %v", c.ev, out[before:], err, c.want, c.err)
		}
	}
	first, middle, last := wire.Frame{Kind: wire.Text, More: true}, wire.Frame{Kind: wire.Text, Cont: true, More: true}, wire.Frame{Kind: wire.Text, Cont: true}
	if !slices.Equal(parts, []wire.Frame{first, first, last, middle, middle, last, last}) {
		t.Errorf("the parts are described as %v", parts)
	}
	if mem.count != 0 {
		t.Errorf("%d buffers were not given back", mem.count)
	}
	client := cfg
	client.Role = wire.Client
	client.Memory = nil
	want := []string{"ping", describe(wire.Event{Kind: wire.Text, Data: []byte("xyz")})}
	if got := decode(t, &client, out[len("before"):], func(int) int { return 1 }, false, false); !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

// TestUnencoded checks that no extension encodes messages and parts with Unencoded, and
// that it is the same for all parts.
func TestUnencoded(t *testing.T) {
	var log []string
	var frames, parts []wire.Frame
	cfg := wire.Config{Version: wire.Hybi13, Role: wire.Server, FragmentSize: 4, Extensions: []wire.Extension{
		counter{tag{"A:", wire.RSV1, &log}, &parts},
		frameTag{tag{"F:", wire.RSV2, &log}, &frames},
	}}
	var e wire.Encoder
	e.Init(&cfg)
	for _, c := range []struct {
		ev   wire.Event
		want string
		err  error
	}{
		{wire.Event{Kind: wire.Text, Unencoded: true, Data: []byte("secret")}, "\x01\x04secr\x80\x02et", nil},
		{wire.Event{Kind: wire.Text, Unencoded: true, Data: []byte("\xff")}, "", wire.ErrBadText},
		{wire.Event{Kind: wire.Binary, Unencoded: true, More: true, Data: []byte("x")}, "\x02\x01x", nil},
		{wire.Event{Kind: wire.Binary, Unencoded: true}, "", wire.ErrPartOrder},
		{wire.Event{Kind: wire.Binary, Cont: true, More: true, Data: []byte("y")}, "", wire.ErrPartOrder},
		{wire.Event{Kind: wire.Binary, Unencoded: true, Cont: true, Data: []byte("z")}, "\x80\x01z", nil},
		{wire.Event{Kind: wire.Binary, More: true}, "\x62\x04F:A:", nil},
		{wire.Event{Kind: wire.Binary, Unencoded: true, Cont: true, Data: []byte("z")}, "", wire.ErrPartOrder},
		{wire.Event{Kind: wire.Binary, Cont: true}, "\xA0\x02F:", nil},
		{wire.Event{Kind: wire.Text}, "\xE1\x04F:A:", nil},
	} {
		out, err := e.Append([]byte("before"), c.ev)
		if !errors.Is(err, c.err) || string(out) != "before"+c.want {
			t.Errorf("%+v is sent as %q, %v, want %q, %v", c.ev, out, err, c.want, c.err)
		}
		if c.ev.Cont || c.ev.More {
			continue
		}
		e2 := e
		head, rest, err := e2.AppendHeader([]byte("before"), c.ev)
		if !errors.Is(err, c.err) || string(head)+string(rest) != "before"+c.want {
			t.Errorf("%+v has the header %q, %q, %v, want %q, %v", c.ev, head, rest, err, c.want, c.err)
		}
	}
}
