package airsocket_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// A message that is sent in parts arrives as the frames that it was sent in, also
// where compression was agreed on, and no other message comes between them.
func TestSendPart(t *testing.T) {
	prepared, err := airsocket.Prepare(wire.Text, []byte("prepared"))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 100<<10)
	check := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	s := airsocket.NewSocket(nil)
	check("before the start", s.SendPart(wire.Text, nil, false), airsocket.ErrInvalidState)
	check("a ping", s.SendPart(wire.Ping, nil, false), airsocket.ErrArgument)
	j := startServer(t, func(o *airsocket.Options) {
		o.Compression, o.CompressionThreshold, o.FragmentSize = airsocket.CompressionTakeover, -1, 4
	}, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			check("first", s.SendPart(wire.Text, []byte("Gr\xc3"), true), nil)
			check("message", s.Send("no"), wire.ErrPartOrder)
			check("long message", s.Send(long), wire.ErrPartOrder)
			check("prepared", s.SendPrepared(prepared), wire.ErrPartOrder)
			check("other kind", s.SendPart(wire.Binary, nil, false), wire.ErrPartOrder)
			check("ping", s.Ping([]byte("p")), nil)
			check("second", s.SendPart(wire.Text, []byte("\xbc\xc3\x9fe"+long), true), nil)
			check("bad text", s.SendPart(wire.Text, []byte("\xff"), false), wire.ErrBadText)
			check("last", s.SendPart(wire.Text, nil, false), nil)
			check("only", s.SendPart(wire.Binary, []byte{1}, false), nil)
			check("unfinished", s.SendPart(wire.Binary, []byte{2}, true), nil)
			s.Close(1000, "")
			check("after Close", s.SendPart(wire.Binary, nil, false), airsocket.ErrClosed)
		})
	}, func(p *rawPeer) {
		p.openCompressed("permessage-deflate")
		p.want(0x01, "Gr\xc3")
		p.want(opPing, "p")
		p.want(0x00, "\xbc\xc3\x9fe"+long)
		p.want(0x80, "")
		first, payload, err := p.read()
		if err != nil || first != opBinary && first != opBinary|rsv1 {
			t.Errorf("%#x %q, %v", first, payload, err)
		}
		p.want(0x02, "\x02")
		p.want(opClose, closing(1000, ""))
		p.send(opClose, closing(1000, ""))
		p.part()
	})
	j.want("open", `close 1000 "" clean`)
}
