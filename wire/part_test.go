package wire_test

import (
	"errors"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// The parts of a message are sent as frames that the Decoder joins again, in every
// version with fragments, for both roles, with control frames between them.
func TestParts(t *testing.T) {
	for _, v := range []wire.Version{wire.Hybi06, wire.Hybi07, wire.Hybi08, wire.Hybi13} {
		for _, role := range []wire.Role{wire.Client, wire.Server} {
			var e wire.Encoder
			e.Init(&wire.Config{Version: v, Role: role, FragmentSize: 2, MaskKey: func() [4]byte { return [4]byte{1, 2, 3, 4} }})
			var b []byte
			for _, ev := range []wire.Event{
				{Kind: wire.Text, More: true, Data: []byte("Gr\xc3")},
				{Kind: wire.Ping, Data: []byte("p")},
				{Kind: wire.Text, Cont: true, More: true},
				{Kind: wire.Text, Cont: true, Data: []byte("\xbc\xc3\x9fe")},
				{Kind: wire.Text, Data: []byte("next")},
			} {
				var err error
				if b, err = e.Append(b, ev); err != nil {
					t.Fatalf("%v: %v", ev, err)
				}
			}
			var d wire.Decoder
			d.Init(&wire.Config{Version: v, Role: 1 - role})
			d.Feed(b)
			got := ""
			for ev := range d.Events() {
				got += string(ev.Data) + " "
			}
			if got != "p Grüße next " {
				t.Errorf("%v, role %d: %q", v, role, got)
			}
		}
	}
}

func TestPartOrder(t *testing.T) {
	begin := wire.Event{Kind: wire.Text, More: true, Data: []byte("a")}
	for _, c := range []struct {
		name       string
		v          wire.Version
		before, ev wire.Event
		want       error
	}{
		{"a message within another", wire.Hybi13, begin, wire.Event{Kind: wire.Text, Data: []byte("b")}, wire.ErrPartOrder},
		{"an empty one", wire.Hybi13, begin, wire.Event{Kind: wire.Binary}, wire.ErrPartOrder},
		{"another beginning", wire.Hybi13, begin, begin, wire.ErrPartOrder},
		{"another kind", wire.Hybi13, begin, wire.Event{Kind: wire.Binary, Cont: true}, wire.ErrPartOrder},
		{"nothing to continue", wire.Hybi13, wire.Event{Kind: wire.Ping}, wire.Event{Kind: wire.Text, Cont: true}, wire.ErrPartOrder},
		{"text that cannot become good", wire.Hybi13, begin, wire.Event{Kind: wire.Text, Cont: true, More: true, Data: []byte("\xff")}, wire.ErrBadText},
		{"text that ends within a rune", wire.Hybi13, begin, wire.Event{Kind: wire.Text, Cont: true, Data: []byte("\xc3")}, wire.ErrBadText},
		{"a part of a ping", wire.Hybi13, begin, wire.Event{Kind: wire.Ping, More: true}, wire.ErrUnsupported},
		{"hixie", wire.Hixie76, wire.Event{Kind: wire.Text}, begin, wire.ErrUnsupported},
		{"after a close", wire.Hybi13, wire.Event{Kind: wire.Close, Code: 1000}, begin, wire.ErrCloseSent},
	} {
		var e wire.Encoder
		e.Init(&wire.Config{Version: c.v, Role: wire.Server})
		before, err := e.Append(nil, c.before)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if b, err := e.Append(before, c.ev); !errors.Is(err, c.want) || len(b) != len(before) {
			t.Errorf("%s: %v and %d bytes more", c.name, err, len(b)-len(before))
		}
		if c.before.More { // an error leaves the Encoder unchanged
			if _, err := e.Append(nil, wire.Event{Kind: wire.Text, Cont: true, Data: []byte("c")}); err != nil {
				t.Errorf("%s: the next part: %v", c.name, err)
			}
			if _, err := e.Append(nil, wire.Event{Kind: wire.Binary}); err != nil {
				t.Errorf("%s: the next message: %v", c.name, err)
			}
		}
	}
}
