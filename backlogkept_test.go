package airsocket_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
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

// TestServerMaxBufferedIsReleased checks that the memory of what waits for a socket is released
// as soon as it is closed because of the sum, while its handler still runs and the program
// keeps the socket, and that the sum is not far exceeded before.
func TestServerMaxBufferedIsReleased(t *testing.T) {
	const bound = 64 << 20
	type result struct {
		err   error
		bytes int64 // of memory, more than before
		most  int64 // in the sum
	}
	results := make(chan result, 1)
	srv := &airsocket.Server{MaxBuffered: bound, Options: wstest.OwnDispatcher(&airsocket.Options{MaxBuffered: -1})}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) {
			piece := make([]byte, 500_000)
			var r result
			before := heap()
			for r.err == nil {
				r.err = s.SendBytes(piece)
				r.most = max(r.most, srv.Held())
			}
			r.bytes = heap() - before
			results <- r
			runtime.KeepAlive(s)
		})
	})
	p := wstest.ConnectRaw(t, wstest.Serve(t, srv))
	p.Send(wstest.OpText, "flood")
	r := wstest.Receive(t, results)
	if !errors.Is(r.err, airsocket.ErrClosed) {
		t.Errorf("Send returned %v", r.err)
	}
	if r.bytes > bound/10 {
		t.Errorf("%d KiB are still in use", r.bytes>>10)
	}
	// What exceeds the bound may be gone before Send has returned.
	if r.most < bound-1<<20 || r.most > bound+bound/4 {
		t.Errorf("the sum was at most %d KiB", r.most>>10)
	}
}

// heap returns how much memory is in use, without what pools keep for reuse.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestServerMaxBufferedLeavesOtherConnections checks that a socket which has connected again
// by itself, or has nothing left, is not closed because of what it had before.
func TestServerMaxBufferedLeavesOtherConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		srv := &airsocket.Server{MaxBuffered: 1 << 20}
		sockets, peers, end := pipesTo(t, srv, 1, func(_ int, what string) { events = append(events, what) })
		sockets[0].Send(strings.Repeat("x", 1000))
		synctest.Wait()
		peers[0].Want(wstest.OpText, strings.Repeat("x", 1000))
		synctest.Wait()
		sockets[0].GiveUpShare()
		sockets[0].Send("y")
		peers[0].Want(wstest.OpText, "y")
		if len(events) > 0 {
			t.Errorf("events %q", events)
		}
		end()
	})
}

// TestServerMaxBufferedOfEveryKind checks that whatever waits for a peer that reads nothing
// counts at once, however it was sent, and at least as much as BufferedAmount says.
func TestServerMaxBufferedOfEveryKind(t *testing.T) {
	for _, size := range []int{100, 10_000, 40_000, 100_000, 1_000_000} {
		text := strings.Repeat("x", size)
		for name, send := range map[string]func(*airsocket.Server, *airsocket.Socket){
			"Send":      func(_ *airsocket.Server, s *airsocket.Socket) { s.Send(text) },
			"Broadcast": func(srv *airsocket.Server, _ *airsocket.Socket) { srv.Broadcast(wire.Text, []byte(text), nil) },
			"SendPart": func(_ *airsocket.Server, s *airsocket.Socket) {
				s.SendPart(wire.Text, []byte(text), false)
				s.SendPart(wire.Text, nil, true)
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				srv := &airsocket.Server{MaxBuffered: 1 << 30}
				sockets, _, end := pipesTo(t, srv, 1, func(int, string) {})
				for i := range 5 {
					send(srv, sockets[0])
					synctest.Wait()
					if held, buffered := srv.Held(), int64(sockets[0].BufferedAmount()); held < buffered {
						t.Errorf("%s of %d bytes, number %d: %d bytes are counted, and %d wait", name, size, i, held, buffered)
					}
					if st := srv.Stats(); int64(st.Held) != srv.Held() {
						t.Errorf("%+v, and %d bytes are counted", st, srv.Held())
					}
				}
				end()
			})
		}
	}
}

// TestServerMaxBufferedCountsWholeBuffers checks that a buffer of which only a few bytes are
// left to write counts as the memory that it takes.
func TestServerMaxBufferedCountsWholeBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		srv := &airsocket.Server{MaxBuffered: 1 << 30}
		sockets, peers, end := pipesTo(t, srv, 1, func(int, string) {})
		sockets[0].Send(strings.Repeat("x", size))
		if _, err := io.CopyN(io.Discard, peers[0].Reader, size); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := srv.Held(); n < size {
			t.Errorf("%d bytes are counted", n)
		}
		end()
	})
}
