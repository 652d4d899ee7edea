package airsocket_test

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPartsOfEachVersion checks that the fragments that one side makes with
// FragmentSize are the parts that the other side receives, in both directions and
// in every version that has fragments. A compressed message, and any message of a
// hixie version, is a single part.
func TestPartsOfEachVersion(t *testing.T) {
	text := wstest.TextOf(2500)
	for _, c := range preparedCases() {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			want := []string{text[:min(c.size(), 2500)]}
			for i := c.size(); i < len(text); i += c.size() {
				want = append(want, text[i:min(i+c.size(), len(text))])
			}
			got := make(map[*airsocket.Socket][]string)
			c.parts = true
			c.connected(t, func(client, server *airsocket.Socket) {
				client.OnOpen(func(*airsocket.OpenEvent) { client.Send(text) })
				for _, s := range []*airsocket.Socket{client, server} {
					s.OnMessage(func(*airsocket.MessageEvent) { t.Error("there was a message event") })
					s.OnFrame(func(e *airsocket.FrameEvent) {
						cont := len(got[s]) > 0
						got[s] = append(got[s], string(e.Data))
						if e.Kind != wire.Text || e.Cont != cont || e.More != (len(got[s]) < len(want)) {
							t.Errorf("part %d: kind %d, cont %v, more %v", len(got[s]), e.Kind, e.Cont, e.More)
						}
						switch {
						case e.More:
						case s == server:
							server.Send(text)
						default:
							client.Close(1000, "")
						}
					})
				}
			})
			for s, parts := range got {
				if !slices.Equal(parts, want) {
					t.Errorf("%s: %d parts, want %d", s.URL(), len(parts), len(want))
				}
			}
			if len(got) != 2 {
				t.Error("nothing was received")
			}
		})
	}
}

// size returns the length of the longest part.
func (c preparedCase) size() int {
	if c.fragment == 0 || c.compression != airsocket.CompressionOff {
		return 1 << 30
	}
	return c.fragment
}

// TestPartsOfALongMessage checks that the parts of a message without end take no
// more memory than one of them if MaxMessage is negative.
func TestPartsOfALongMessage(t *testing.T) {
	const size, n = 64 << 10, 512 // 32 MiB
	part := strings.Repeat("x", size)
	var received, parts int
	var before, after runtime.MemStats
	wstest.StartServer(t, func(o *airsocket.Options) { o.FrameEvents, o.MaxMessage = true, -1 }, func(s *airsocket.Socket) {
		s.OnFrame(func(e *airsocket.FrameEvent) {
			received += len(e.Data)
			parts++
			if !e.More {
				runtime.ReadMemStats(&after)
				s.Close(1000, "")
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		begin, middle, end := p.Frame(0x02, part), p.Frame(0x00, part), p.Frame(0x80, "")
		runtime.ReadMemStats(&before)
		p.WriteRaw(begin)
		for range n - 1 {
			p.WriteRaw(middle)
		}
		p.WriteRaw(end)
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
	if received != size*n || parts != n+1 {
		t.Errorf("%d bytes in %d parts", received, parts)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("%d bytes were allocated", took)
	}
}

// TestPingsBetweenFragments checks that pings between the fragments of a message
// are answered.
func TestPingsBetweenFragments(t *testing.T) {
	for _, c := range preparedCases() {
		if c.version < wire.Hybi06 {
			continue
		}
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			var got []string
			c.connected(t, func(client, server *airsocket.Socket) {
				server.OnMessage(func(e *airsocket.MessageEvent) {
					if e.Text() != wstest.TextOf(5000) {
						t.Errorf("a message of %d bytes", len(e.Bytes()))
					}
				})
				client.OnOpen(func(*airsocket.OpenEvent) {
					for _, payload := range []string{"a", "b"} {
						err := client.PingFunc([]byte(payload), func() {
							if got = append(got, payload); payload == "b" {
								client.Drop(1000, "enough")
							}
						})
						if err := errors.Join(err, client.Send(wstest.TextOf(5000))); err != nil {
							t.Error(err)
						}
					}
				})
				client.OnClose(func(e *airsocket.CloseEvent) {
					got = append(got, fmt.Sprintf("%d %s %v", e.Code, e.Reason, e.WasClean))
				})
				server.OnError(nil)
				server.OnClose(func(e *airsocket.CloseEvent) { got = append(got, fmt.Sprintf("server %d %s", e.Code, e.Reason)) })
			})
			slices.Sort(got)
			if want := []string{"1000 enough false", "a", "b", "server 1000 enough"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestCloseFrameBehindTheWriter checks that the close frame that names the broken
// rule is sent even if the writer goroutine finishes earlier messages while the
// error event is being handled.
func TestCloseFrameBehindTheWriter(t *testing.T) {
	theirs, ours := net.Pipe()
	failed := make(chan struct{})
	j := wstest.Converse(t, new(airsocket.Options), nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Send("written when somebody reads") })
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			close(failed)
			for s.BufferedAmount() > 0 {
				runtime.Gosched()
			}
		})
	}, func(s *airsocket.Socket) error { return s.StartServer(ours) }, wstest.NewRawPeer(t, theirs, true), func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpText, "x")
		p.WriteRaw([]byte{0xF1, 0x80})
		p.WriteRaw([]byte{0, 0, 0, 0})
		<-failed
		p.Want(wstest.OpText, "written when somebody reads")
		p.WantClose(1002)
		p.WantEnd()
	})
	if len(j.Lines) != 4 || j.Lines[2] != "error" {
		t.Errorf("%q", j.Lines)
	}
}
