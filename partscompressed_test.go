package airsocket_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// An inflating is the receiving end of permessage-deflate, with Go's inflater.
type inflating struct {
	*wstest.RawPeer
	takeover bool
	past     []byte // the context
}

// message reads the frames of a message, and returns it and how many frames it had, after
// the pings before its last frame. Reserved bits are allowed in its first frame only.
func (p *inflating) message(first byte) (message string, frames, size int) {
	p.T.Helper()
	var payload []byte
	for compressed := false; ; {
		head, part, err := p.ReadFrame()
		if err != nil {
			p.T.Fatal(err)
		}
		if head == wstest.OpPing {
			continue
		}
		if frames++; frames == 1 {
			compressed = head&rsv1 != 0
			first |= head & rsv1
		} else {
			first = 0
		}
		if head&0x7F != first&0x7F {
			p.T.Fatalf("frame %d begins with %#x, want %#x", frames, head, first)
		}
		payload = append(payload, part...)
		switch {
		case head&0x80 == 0:
		case compressed:
			return p.inflate(payload), frames, len(payload)
		default:
			return string(payload), frames, len(payload)
		}
	}
}

func (p *inflating) inflate(payload []byte) string {
	p.T.Helper()
	in := io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xFF\xFF\x01\x00\x00\xFF\xFF"))
	b, err := io.ReadAll(flate.NewReaderDict(in, p.past))
	if err != nil {
		p.T.Fatal(err)
	}
	if p.takeover {
		p.past = append(p.past, b...)
		p.past = p.past[max(0, len(p.past)-1<<15):]
	}
	return string(b)
}

// partSizes are the lengths of messages that are sent in parts.
var partSizes = []int{0, 1, 125, 64 << 10, 1 << 20}

// sendIn sends text in the given number of parts with a ping after each.
func sendIn(s *airsocket.Socket, send partSender, kind wire.Kind, text string, parts int) (err error) {
	for i := range parts {
		from, to := len(text)*i/parts, len(text)*(i+1)/parts
		err = errors.Join(err, send(s, kind, []byte(text[from:to]), i == parts-1), s.Ping(nil))
	}
	return err
}

// TestPartsAreCompressed checks that a peer can inflate messages in parts and the messages
// between them, from a server and a client, with context takeover and without, and that
// they are compressed.
func TestPartsAreCompressed(t *testing.T) {
	for name, start := range map[string]func(testing.TB, func(*airsocket.Options), func(*airsocket.Socket), func(*wstest.RawPeer)) *wstest.Journal{
		"server": wstest.StartServer, "client": wstest.StartClient,
	} {
		for _, takeover := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/takeover=%v", name, takeover), func(t *testing.T) {
				whole := wstest.TextOf(300)
				j := start(t, func(o *airsocket.Options) {
					o.Compression, o.MaxBuffered = airsocket.CompressionTakeover, -1
				}, func(s *airsocket.Socket) {
					airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
						for _, n := range partSizes {
							for parts := 2; parts <= 3; parts++ {
								if err := errors.Join(sendIn(s, (*airsocket.Socket).SendPart, wire.Text, wstest.TextOf(n), parts), s.Send(whole)); err != nil {
									t.Error(err)
								}
							}
						}
						s.Close(1000, "")
					})
				}, func(p *wstest.RawPeer) {
					answer := "permessage-deflate"
					if !takeover {
						answer += "; server_no_context_takeover; client_no_context_takeover"
					}
					if p.Client {
						p.OpenCompressed(answer)
					} else {
						p.AcceptCompressed(answer)
					}
					in := inflating{RawPeer: p, takeover: takeover}
					for _, n := range partSizes {
						for parts := 2; parts <= 3; parts++ {
							got, frames, size := in.message(wstest.OpText)
							if got != wstest.TextOf(n) || frames != parts || size > max(n/20, min(n, 125))+40 {
								t.Errorf("%d bytes in %d parts came as %d, in %d frames with %d bytes", n, parts, len(got), frames, size)
							}
							if got, frames, _ := in.message(wstest.OpText); got != whole || frames != 1 {
								t.Errorf("the message after %d bytes in %d parts came as %d bytes in %d frames", n, parts, len(got), frames)
							}
						}
					}
					p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
					p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
					p.FinishClose()
				})
				j.WantError(nil)
			})
		}
	}
}
