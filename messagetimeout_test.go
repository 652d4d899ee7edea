package airsocket_test

import (
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

const slowClose = "a message took too long"

// slowly writes what is sent a byte a second, until the connection ends.
func slowly(p *wstest.RawPeer, b []byte) {
	for i := range b {
		time.Sleep(time.Second) // a byte a second
		if _, err := p.Write(b[i : i+1]); err != nil {
			return
		}
	}
}

// TestMessageTimeout checks that a message that comes a byte a second is not received for
// ever, whatever its frames are, and that the time begins with its first byte.
func TestMessageTimeout(t *testing.T) {
	frame := func(first byte, payload string) []byte { return wstest.Frame(true, first, payload) }
	fragments := frame(textPart, "fragment")
	for range 10 {
		fragments = append(append(fragments, frame(wstest.OpPing, "")...), frame(0, "x")...)
	}
	for name, b := range map[string][]byte{
		"a frame":                       frame(wstest.OpText, wstest.TextOf(60)),
		"a long frame":                  frame(wstest.OpBinary, wstest.TextOf(70000))[:100],
		"fragments and pings":           fragments,
		"a header":                      frame(wstest.OpText, "")[:1],
		"a fragment and nothing else":   frame(textPart, "fragment"),
		"an empty fragment, then pings": append(frame(textPart, ""), fragments[len(frame(textPart, "fragment")):]...),
	} {
		opts := &airsocket.Options{MessageTimeout: 20 * time.Second, PingInterval: time.Hour}
		j, took := inTime(t, false, opts, nil, func(p *wstest.RawPeer) {
			p.Open()
			time.Sleep(time.Minute) // the time begins with the message, not with the connection
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() { slowly(p, b) })
			for {
				first, payload, err := p.ReadFrame()
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if first == wstest.OpClose {
					if payload != wstest.ClosePayload(1008, slowClose) {
						t.Errorf("%s: close frame %q", name, payload)
					}
					p.Close()
					return
				}
			}
		})
		if len(j.Lines) < 3 || j.Lines[len(j.Lines)-1] != `close 1008 "`+slowClose+`" unclean` {
			t.Errorf("%s: %q", name, j.Lines)
		}
		j.WantError(airsocket.ErrMessageTimeout)
		j.WantError(os.ErrDeadlineExceeded)
		if want := time.Minute + 21*time.Second; took != want {
			t.Errorf("%s: it took %v, want %v", name, took, want)
		}
	}
}

// textPart is the first byte of a text frame that is not the last of its message.
const textPart = wstest.OpText &^ 0x80

// TestMessagesInTime checks that messages that are complete in time are received, however
// many follow each other without the end of one and the beginning of the next being
// received apart; that without a MessageTimeout a message may take long; and that with
// FrameEvents its parts may.
func TestMessagesInTime(t *testing.T) {
	one := wstest.Frame(true, wstest.OpText, "0123456789")
	cut := len(one) / 2
	for name, c := range map[string]struct {
		opts  *airsocket.Options
		first []byte // of each round
		rest  []byte
		last  []byte
	}{
		"overlapping":  {&airsocket.Options{MessageTimeout: 20 * time.Second}, one[:cut], append(one[cut:len(one):len(one)], one[:cut]...), one[cut:]},
		"no timeout":   {&airsocket.Options{}, wstest.Frame(true, textPart, "a"), wstest.Frame(true, 0, "b"), wstest.Frame(true, 0x80, "c")},
		"frame events": {&airsocket.Options{FrameEvents: true, MessageTimeout: 20 * time.Second}, wstest.Frame(true, textPart, "a"), wstest.Frame(true, 0, "b"), wstest.Frame(true, 0x80, "c")},
		"compressed": {
			&airsocket.Options{Compression: airsocket.CompressionTakeover, MessageTimeout: 20 * time.Second},
			one[:cut], append(one[cut:len(one):len(one)], one[:cut]...), one[cut:],
		},
	} {
		j, took := inTime(t, false, c.opts, nil, func(p *wstest.RawPeer) {
			p.Open()
			p.WriteRaw(c.first)
			for range 30 {
				time.Sleep(10 * time.Second) // half of MessageTimeout, though all of them take much longer
				p.WriteRaw(c.rest)
			}
			p.WriteRaw(c.last)
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.Close()
		})
		j.WantError(nil)
		if want := 300 * time.Second; took != want {
			t.Errorf("%s: it took %v, want %v", name, took, want)
		}
	}
}

// TestMessageTimeoutWhilePaused checks that the message of a paused socket has as much time
// as if it had not been paused.
func TestMessageTimeoutWhilePaused(t *testing.T) {
	for _, complete := range []bool{true, false} {
		opts := &airsocket.Options{MessageTimeout: 20 * time.Second}
		j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventPing, func(*airsocket.PingEvent) {
				s.Pause()
				time.AfterFunc(time.Hour, s.Resume)
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.WriteRaw(p.Frame(textPart, "a"))
			time.Sleep(10 * time.Second) // half of MessageTimeout
			p.WriteRaw(p.Frame(wstest.OpPing, ""))
			p.Want(wstest.OpPong, "")
			time.Sleep(time.Hour + 9*time.Second) // the pause, and a second less than was left
			if complete {
				p.WriteRaw(p.Frame(0x80, "b"))
				p.Send(wstest.OpClose, "")
				p.Want(wstest.OpClose, "")
			} else {
				p.Want(wstest.OpClose, wstest.ClosePayload(1008, slowClose))
			}
			p.Close()
		})
		want := time.Hour + 19*time.Second
		if complete {
			j.Want("open", "ping ", "text ab", `close 1005 "" clean`)
		} else {
			want += time.Second
			j.Want("open", "ping ", "error", `close 1008 "`+slowClose+`" unclean`)
		}
		if took != want {
			t.Errorf("complete %v: it took %v, want %v", complete, took, want)
		}
	}
}

// TestMessageTimeoutFromTheHandshake checks the time of a message whose beginning comes with
// the request.
func TestMessageTimeoutFromTheHandshake(t *testing.T) {
	j, took := inTime(t, false, &airsocket.Options{MessageTimeout: 20 * time.Second}, nil, func(p *wstest.RawPeer) {
		p.WriteRaw(append([]byte(wstest.UpgradeRequest), p.Frame(textPart, "a")...))
		p.ReadResponse()
		p.Want(wstest.OpClose, wstest.ClosePayload(1008, slowClose))
		p.Close()
	})
	j.Want("open", "error", `close 1008 "`+slowClose+`" unclean`)
	if took != 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestMessageTimeoutOfVersions checks MessageTimeout in all versions, whose messages may
// also be delimited.
func TestMessageTimeoutOfVersions(t *testing.T) {
	for v := range wstest.EachVersion {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			d := new(airsocket.Dispatcher)
			server := airsocket.NewSocket(&airsocket.Options{
				Dispatcher: d, Versions: wire.AllVersions(), Origins: []string{"*"}, MessageTimeout: 20 * time.Second,
			})
			j := wstest.Follow(t, server)
			copts := wstest.ClientOf(v, d)
			copts.Dial = wstest.DialTo(theirs)
			client := airsocket.NewSocket(copts)
			client.OnOpen(func(*airsocket.OpenEvent) {
				b := []byte{0, 'x'} // of hixie; in hybi-06 a part of a masking key
				if v > wire.Hybi06 {
					b = wstest.Frame(true, textPart, "x")
				}
				go theirs.Write(b)
			})
			begin := time.Now()
			d.Run(func() {
				server.StartServer(ours)
				client.Connect("ws://example.com/")
			})
			if len(j.Lines) == 0 || j.Lines[len(j.Lines)-1] != `close 1008 "`+slowClose+`" unclean` {
				t.Errorf("%v: %q", v, j.Lines)
			}
			j.WantError(airsocket.ErrMessageTimeout)
			if took := time.Since(begin); took != 20*time.Second {
				t.Errorf("%v: it took %v", v, took)
			}
		})
	}
}

// TestMessageTimeoutOfTCP checks MessageTimeout in all ways to serve.
func TestMessageTimeoutOfTCP(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		ended := make(chan error, 1)
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), MessageTimeout: 20 * time.Millisecond}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnError(func(e *airsocket.ErrorEvent) { ended <- e.Err })
		})
		p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
		p.Send(textPart, "x")
		p.WantClose(1008)
		p.Close()
		if err := wstest.Receive(t, ended); err != airsocket.ErrMessageTimeout {
			t.Errorf("the connection ended with %v", err)
		}
	})
}
