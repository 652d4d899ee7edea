package airsocket_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// What a turn sends is written at its end, but when it is much a part of it is
// written before.
func TestMuchIsWrittenBeforeTheEndOfTheTurn(t *testing.T) {
	const size = 1000
	text := strings.Repeat("x", size)
	prepared, err := airsocket.Prepare(wire.Text, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]func(*airsocket.Socket) error{
		"Send":             func(s *airsocket.Socket) error { return s.Send(text) },
		"SendPrepared":     func(s *airsocket.Socket) error { return s.SendPrepared(prepared) },
		"SendPart":         func(s *airsocket.Socket) error { return s.SendPart(wire.Text, []byte(text), false) },
		"SendUncompressed": func(s *airsocket.Socket) error { return s.SendUncompressed(wire.Text, []byte(text), true) },
	} {
		for _, hooks := range []*airsocket.Hooks{nil, {}} { // with hooks messages go another way
			t.Run(fmt.Sprintf("%s/hooks=%v", name, hooks != nil), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := new(airsocket.Dispatcher)
					s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Hooks: hooks})
					ours, theirs := net.Pipe()
					begun := make(chan struct{}) // closed when something has been written
					s.OnOpen(func(*airsocket.OpenEvent) {
						if err := send(s); err != nil {
							t.Error(err)
						}
						synctest.Wait()
						select {
						case <-begun:
							t.Errorf("%d bytes were written before the end of the turn", size)
						default:
						}
						for range 128 << 10 / size {
							if err := send(s); err != nil {
								t.Error(err)
							}
						}
						select {
						case <-begun:
						case <-time.After(time.Hour):
							t.Error("nothing of 128 KiB was written before the end of the turn")
						}
						s.Drop(1000, "")
					})
					go func() {
						r := bufio.NewReader(theirs)
						go io.WriteString(theirs, wstest.UpgradeRequest)
						if _, err := http.ReadResponse(r, nil); err != nil {
							t.Error(err)
						}
						if _, err := r.ReadByte(); err != nil {
							t.Error(err)
						}
						close(begun)
						io.Copy(io.Discard, r)
					}()
					d.Run(func() {
						if err := s.StartServer(ours); err != nil {
							t.Error(err)
						}
					})
				})
			})
		}
	}
}

// openPipes returns many servers on pipes that are open, and their peers.
func openPipes(t *testing.T, d *airsocket.Dispatcher, many int) (sockets []*airsocket.Socket, peers []*wstest.RawPeer) {
	t.Helper()
	for range many {
		ours, theirs := net.Pipe()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		if err := s.StartServer(ours); err != nil {
			t.Fatal(err)
		}
		p := wstest.NewRawPeer(t, theirs, true)
		p.Open()
		p.SetDeadline(time.Now().Add(time.Hour)) // of the bubble: a test ends
		sockets, peers = append(sockets, s), append(peers, p)
	}
	return sockets, peers
}

// A turn that sends on many sockets, and more than once, leaves nothing unwritten:
// at its end each of them gets all that was sent on it.
func TestEachSocketIsFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		sockets, peers := openPipes(t, d, 20)
		for round := range 3 { // what one turn leaves behind is seen in the next
			d.Post(func() {
				for _, part := range []string{"a", "b"} {
					for i, s := range sockets {
						if i%3 == round { // some are left out each time
							continue
						}
						if err := s.Send(fmt.Sprint(part, round)); err != nil {
							t.Error(err)
						}
					}
				}
			})
			for i, p := range peers {
				if i%3 != round {
					p.Want(wstest.OpText, fmt.Sprint("a", round))
					p.Want(wstest.OpText, fmt.Sprint("b", round))
				}
			}
		}
		for _, p := range peers {
			p.Close()
		}
		d.Run(func() {})
	})
}

// What other goroutines send during a turn goes out at its end too, though they send
// at the same time.
func TestEachSocketIsFlushedForOtherGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const goroutines, rounds = 4, 300
		d := new(airsocket.Dispatcher)
		sockets, peers := openPipes(t, d, 200)
		for round := range rounds {
			text := fmt.Sprint("round ", round)
			d.Post(func() {
				var wg sync.WaitGroup
				for g := range goroutines {
					wg.Go(func() {
						for i := g; i < len(sockets); i += goroutines {
							if err := sockets[i].Send(text); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
			})
			for _, p := range peers {
				p.Want(wstest.OpText, text)
			}
		}
		for _, p := range peers {
			p.Close()
		}
		d.Run(func() {})
	})
}

// Nothing is lost where turns follow each other closely and goroutines without a turn
// send at the same time, all of them on the same sockets.
func TestEachSocketIsFlushedByManyAtOnce(t *testing.T) {
	const talkers, others, listeners, rounds = 4, 2, 8, 300
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	var sockets []*airsocket.Socket
	srv.OnConnect(func(s *airsocket.Socket) {
		sockets = append(sockets, s)
		s.OnMessage(func(*airsocket.MessageEvent) {
			for _, to := range sockets[:listeners] {
				if err := to.Send("x"); err != nil {
					t.Error(err)
				}
			}
		})
	})
	url := wstest.Serve(t, srv)
	var peers []*wstest.RawPeer
	for range listeners + talkers {
		peers = append(peers, wstest.ConnectRaw(t, url))
	}
	peers[listeners].Send(wstest.OpText, "") // all are known when this is answered
	for _, p := range peers[:listeners] {
		p.Want(wstest.OpText, "x")
	}
	var wg sync.WaitGroup
	for _, p := range peers[listeners:] {
		wg.Go(func() {
			for range rounds {
				p.Write(p.Frame(wstest.OpText, ""))
			}
		})
	}
	for range others {
		wg.Go(func() {
			for range rounds {
				for _, s := range sockets[:listeners] {
					if err := s.Send("x"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for i, p := range peers[:listeners] {
		want := bytes.Repeat([]byte{wstest.OpText, 1, 'x'}, (talkers+others)*rounds)
		got := make([]byte, len(want))
		if n, err := io.ReadFull(p.Reader, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("socket %d has sent %d of %d bytes: %v", i, n, len(want), err)
		}
	}
	wg.Wait()
}
