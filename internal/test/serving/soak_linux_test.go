package serving

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

var soak = flag.Duration("soak", 2*time.Second, "how long TestSoak runs, in each of the ways to serve")

// TestSoak lets clients do at random what is hard for a server: handlers that block,
// resets, pauses, half-closes, floods. While they do, others get their echoes. At the
// end the process has as many descriptors, goroutines and bytes as at the beginning.
func TestSoak(t *testing.T) {
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen, wstest.ByTLS} {
		t.Run(way, func(t *testing.T) {
			var seed [32]byte
			for i := range seed {
				seed[i] = byte(rand.Uint32())
			}
			t.Logf("seed %x", seed)
			soaked := &soaking{t: t, url: wstest.ServeWay(t, soakServer(), way)}
			soaked.run(time.Second, seed) // what is needed once
			before := wstest.Used(t)
			soaked.run(*soak, seed)
			var after wstest.Usage
			wstest.Eventually(t, func() bool { after = wstest.Used(t); return after.Within(before) }, func() string {
				return fmt.Sprintf("after %d connections: %v, before: %v", soaked.conns, after, before)
			})
			t.Logf("after %d connections: %v, before: %v", soaked.conns, after, before)
		})
	}
}

// soakServer does what its clients ask for.
func soakServer() *airsocket.Server {
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true, CloseTimeout: time.Second, MaxBuffered: 1 << 20}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			switch e.Text() {
			case "block":
				time.Sleep(5 * time.Millisecond) // stands for a handler that waits for something
			case "pause":
				s.Pause()
				time.AfterFunc(time.Millisecond, s.Resume)
			case "flood":
				for s.SendBytes(make([]byte, chunk)) == nil {
				}
			case "close":
				s.Close(1000, "")
			case "drop":
				s.Drop(1000, "")
			case "goexit":
				runtime.Goexit()
			default:
				s.Send(e.Text())
			}
		})
	})
	return srv
}

type soaking struct {
	t     *testing.T
	url   string
	conns int
}

// run lets clients connect for the given time.
func (k *soaking) run(d time.Duration, seed [32]byte) {
	const clients, steady = 16, 4
	var wg, others sync.WaitGroup
	var mu sync.Mutex
	stop := make(chan struct{})
	end := time.Now().Add(d)
	for i := range steady {
		p, err := connect(k.t, k.url)
		if err != nil {
			k.t.Error(err)
			continue
		}
		others.Go(func() {
			defer p.Close()
			for n := 0; ; n++ {
				p.SetDeadline(time.Now().Add(wstest.Patience))
				select {
				case <-stop:
					return
				default:
				}
				if !sameBack(k.t, p, fmt.Sprint("steady ", i, n)) {
					return
				}
			}
		})
	}
	for i := range clients {
		seed[0] = byte(i)
		r := rand.New(rand.NewChaCha8(seed))
		wg.Go(func() {
			for time.Now().Before(end) && !k.t.Failed() {
				k.client(r)
				mu.Lock()
				k.conns++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(stop)
	others.Wait()
}

// client connects, does some things and ends the connection in some way.
func (k *soaking) client(r *rand.Rand) {
	conn, err := wstest.Dial(k.url)
	if err != nil {
		k.t.Error(err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(wstest.Patience))
	p := wstest.NewRawPeer(k.t, conn, true)
	head := []byte(wstest.UpgradeRequest)
	switch r.IntN(12) {
	case 0: // ends within the request
		conn.Write(head[:r.IntN(len(head))])
		k.end(r, p)
		return
	case 1: // sends it in two parts
		cut := r.IntN(len(head))
		conn.Write(head[:cut])
		head = head[cut:]
	}
	conn.Write(head)
	if r.IntN(8) > 0 {
		if _, err := p.Reader.Discard(129); err != nil { // the length of the response
			k.t.Error(err)
			return
		}
	}
	commands := []string{"block", "pause", "flood", "close", "drop", "goexit", "echo", "echo", "echo", "echo"}
	for range r.IntN(6) {
		p.Write(p.Frame(wstest.OpText, commands[r.IntN(len(commands))]))
	}
	k.end(r, p)
}

// end ends the connection in some way.
func (k *soaking) end(r *rand.Rand, p *wstest.RawPeer) {
	tcp := p.TCP()
	switch r.IntN(5) {
	case 0:
		p.Reset()
	case 1:
		tcp.CloseWrite()
		tcp.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		io.Copy(io.Discard, p.Reader)
	case 2:
		p.Write(p.Frame(wstest.OpClose, ""))
		tcp.CloseWrite()
		tcp.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		io.Copy(io.Discard, p.Reader)
	case 3:
		p.Write(p.Frame(wstest.OpText, "half of a message, and then nothing more")[:9])
	}
}
