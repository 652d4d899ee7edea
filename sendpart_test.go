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
// it was sent, without compression or with SendUncompressed, and that no other message
// comes between them.
func TestSendPart(t *testing.T) {
	for name, compression := range map[string]airsocket.Compression{
		"SendPart": airsocket.CompressionOff, "SendUncompressed": airsocket.CompressionTakeover,
	} {
		t.Run(name, func(t *testing.T) { testSendPart(t, partSenders[name], compression) })
	}
}

// A partSender is a method that sends parts.
type partSender func(s *airsocket.Socket, kind wire.Kind, p []byte, final bool) error

var partSenders = map[string]partSender{
	"SendPart": (*airsocket.Socket).SendPart, "SendUncompressed": (*airsocket.Socket).SendUncompressed,
}

func testSendPart(t *testing.T, send partSender, compression airsocket.Compression) {
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
	check("before the start", send(s, wire.Text, nil, true), airsocket.ErrInvalidState)
	check("a ping", send(s, wire.Ping, nil, true), airsocket.ErrArgument)
	j := wstest.StartServer(t, func(o *airsocket.Options) {
		o.Compression, o.CompressionThreshold, o.FragmentSize = compression, -1, 4
	}, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			check("first", send(s, wire.Text, []byte("Gr\xc3"), false), nil)
			check("message", s.Send("no"), wire.ErrPartOrder)
			check("long message", s.Send(long), wire.ErrPartOrder)
			check("prepared", s.SendPrepared(prepared), wire.ErrPartOrder)
			check("other kind", send(s, wire.Binary, nil, true), wire.ErrPartOrder)
			if compression != airsocket.CompressionOff {
				check("other method", s.SendPart(wire.Text, nil, true), wire.ErrPartOrder)
			}
			check("ping", s.Ping([]byte("p")), nil)
			check("second", send(s, wire.Text, []byte("\xbc\xc3\x9fe"+long), false), nil)
			check("bad text", send(s, wire.Text, []byte("\xff"), true), wire.ErrBadText)
			check("last", send(s, wire.Text, nil, true), nil)
			check("only", send(s, wire.Binary, []byte{1}, true), nil)
			check("unfinished", send(s, wire.Binary, []byte{2}, false), nil)
			s.Close(1000, "")
			check("after Close", send(s, wire.Binary, nil, true), airsocket.ErrClosed)
		})
	}, func(p *wstest.RawPeer) {
		p.OpenCompressed("permessage-deflate")
		p.Want(0x01, "Gr\xc3")
		p.Want(wstest.OpPing, "p")
		p.Want(0x00, "\xbc\xc3\x9fe"+long)
		p.Want(0x80, "")
		p.Want(wstest.OpBinary, "\x01")
		p.Want(0x02, "\x02")
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", `close 1000 "" clean`)
}
