package airsocket_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestServerMaxBufferedOfPausedSockets checks, in every way of serving, that a message which
// was decompressed for a socket that is paused, or held up by its RateLimit, counts until it
// is delivered, or its socket is closed because of it.
func TestServerMaxBufferedOfPausedSockets(t *testing.T) {
	const long, longer, bound = 3 << 20, 8 << 20, 15 << 20
	for name, limit := range map[string]*airsocket.RateLimit{
		"Pause":     nil,
		"RateLimit": {Messages: 1e-6, Burst: 1}, // one more is delivered
	} {
		t.Run(name, func(t *testing.T) {
			wstest.EachWay(t, func(t *testing.T, way string) {
				wstest.SkipTLS(t, way, "its first records are shorter than the messages")
				opened, got, ended := make(chan *airsocket.Socket, 10), make(chan int, 10), make(chan error, 10)
				srv := &airsocket.Server{MaxBuffered: bound, Options: wstest.OwnDispatcher(&airsocket.Options{
					Compression: airsocket.CompressionNoTakeover, RateLimit: limit,
				})}
				srv.OnConnect(func(s *airsocket.Socket) {
					short := 0
					s.OnMessage(func(e *airsocket.MessageEvent) {
						if len(e.Bytes()) == 1 {
							if short++; short == 2 && limit == nil {
								s.Pause()
							}
						}
						got <- len(e.Bytes())
					})
					s.OnError(func(e *airsocket.ErrorEvent) { ended <- e.Err })
					opened <- s
				})
				url := wstest.ServeWay(t, srv, way)
				connect := func(n int) *airsocket.Socket {
					p := wstest.DialRaw(t, url)
					p.OpenCompressed("permessage-deflate")
					short := p.Frame(wstest.OpText, "x")
					// All in one write, so that the long one is decoded when the others are handled.
					p.WriteRaw(bytes.Join([][]byte{short, short, p.Frame(wstest.OpText|0x40, string(deflated(t, bytes.Repeat([]byte("x"), n))))}, nil))
					s := wstest.Receive(t, opened)
					wstest.Receive(t, got)
					wstest.Receive(t, got)
					return s
				}
				holds := func(least, most int64) {
					t.Helper()
					wstest.Eventually(t, func() bool { n := srv.Held(); return least <= n && n <= most }, func() string { return "what is kept does not count, or longer than it is kept" })
				}
				connect(long)
				connect(long)
				s := connect(long)
				holds(3*long, bound)
				connect(longer)
				if err := wstest.Receive(t, ended); !errors.Is(err, airsocket.ErrServerBuffered) {
					t.Errorf("ended with %v", err)
				}
				holds(3*long, bound)
				if limit == nil {
					s.Resume()
					if n := wstest.Receive(t, got); n != long {
						t.Errorf("a message of %d bytes was kept", n)
					}
					holds(2*long, bound-long)
				}
				srv.Close()
				holds(0, 0)
			})
		})
	}
}
