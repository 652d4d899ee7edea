package airsocket_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestSendPart checks that a message sent in parts arrives as the frames in which
// it was sent, even if compression was negotiated, and that no other message comes
// between them.
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
	check("before the start", s.SendPart(wire.Text, nil, true), airsocket.ErrInvalidState)
	check("a ping", s.SendPart(wire.Ping, nil, true), airsocket.ErrArgument)
	j := wstest.StartServer(t, func(o *airsocket.Options) {
		o.Compression, o.CompressionThreshold, o.FragmentSize = airsocket.CompressionTakeover, -1, 4
	}, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			check("first", s.SendPart(wire.Text, []byte("Gr\xc3"), false), nil)
			check("message", s.Send("no"), wire.ErrPartOrder)
			check("long message", s.Send(long), wire.ErrPartOrder)
			check("prepared", s.SendPrepared(prepared), wire.ErrPartOrder)
			check("other kind", s.SendPart(wire.Binary, nil, true), wire.ErrPartOrder)
			check("ping", s.Ping([]byte("p")), nil)
			check("second", s.SendPart(wire.Text, []byte("\xbc\xc3\x9fe"+long), false), nil)
			check("bad text", s.SendPart(wire.Text, []byte("\xff"), true), wire.ErrBadText)
			check("last", s.SendPart(wire.Text, nil, true), nil)
			check("only", s.SendPart(wire.Binary, []byte{1}, true), nil)
			check("unfinished", s.SendPart(wire.Binary, []byte{2}, false), nil)
			s.Close(1000, "")
			check("after Close", s.SendPart(wire.Binary, nil, true), airsocket.ErrClosed)
		})
	}, func(p *wstest.RawPeer) {
		p.OpenCompressed("permessage-deflate")
		p.Want(0x01, "Gr\xc3")
		p.Want(wstest.OpPing, "p")
		p.Want(0x00, "\xbc\xc3\x9fe"+long)
		p.Want(0x80, "")
		first, payload, err := p.ReadFrame()
		if err != nil || first != wstest.OpBinary && first != wstest.OpBinary|rsv1 {
			t.Errorf("%#x %q, %v", first, payload, err)
		}
		p.Want(0x02, "\x02")
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", `close 1000 "" clean`)
}
