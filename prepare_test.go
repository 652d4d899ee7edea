package airsocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A preparedCase is a way to make frames of messages.
type preparedCase struct {
	version     wire.Version
	fragment    int
	stream      bool
	compression airsocket.Compression
	parts       bool
}

func preparedCases() (all []preparedCase) {
	for v := range wstest.EachVersion {
		all = append(all, preparedCase{version: v})
		if v >= wire.Hybi06 {
			all = append(all, preparedCase{version: v, fragment: 1000})
		}
		if v >= wire.Hybi06 && v < wire.Hybi13 {
			all = append(all, preparedCase{version: v, stream: true})
		}
	}
	for _, c := range []airsocket.Compression{airsocket.CompressionNoTakeover, airsocket.CompressionTakeover} {
		all = append(all, preparedCase{version: wire.Hybi13, compression: c}, preparedCase{version: wire.Hybi13, compression: c, fragment: 100})
	}
	return all
}

// connected runs a client and a server with the settings of c, connected with each
// other.
func (c preparedCase) connected(t testing.TB, attach func(client, server *airsocket.Socket)) {
	t.Helper()
	d := new(airsocket.Dispatcher)
	theirs, ours := wstest.TCPPair(t)
	opts, o := wstest.AnyOrigin(), wstest.ClientOf(c.version, d)
	opts.Dispatcher, o.Dial = d, wstest.DialTo(theirs)
	for _, o := range []*airsocket.Options{opts, o} {
		o.FragmentSize, o.DeflateStream, o.Compression, o.FrameEvents = c.fragment, c.stream, c.compression, c.parts
	}
	server, client := airsocket.NewSocket(opts), airsocket.NewSocket(o)
	for _, s := range []*airsocket.Socket{client, server} {
		s.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
	}
	attach(client, server)
	wstest.Run(t, d, func() {
		if err := errors.Join(server.StartServer(ours), client.Connect("ws://example.com/")); err != nil {
			t.Error(err)
		}
	})
}

// TestPrepared checks that the same prepared messages arrive whatever the sockets
// speak, in order with other messages, and that they leave the compression window
// as it should be.
func TestPrepared(t *testing.T) {
	var texts []string
	var prepared []*airsocket.Prepared
	for i := range 6 {
		text := strings.Repeat(fmt.Sprintf("%d: these words are much alike. ", i), 1+i*i*20)
		data := []byte(text)
		p, err := airsocket.Prepare(wire.Text, data)
		if err != nil {
			t.Fatal(err)
		}
		clear(data) // Prepare has made a copy
		texts, prepared = append(texts, text), append(prepared, p)
	}
	for _, c := range preparedCases() {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			var want, toClient, toServer []string
			say := func(s *airsocket.Socket) {
				for range 2 {
					for i, p := range prepared {
						if err := errors.Join(s.SendPrepared(p), s.Send("between: "+texts[i]), s.SendPrepared(p)); err != nil {
							t.Error(err)
						}
					}
				}
				s.Send("end")
			}
			for range 2 {
				for _, text := range texts {
					want = append(want, text, "between: "+text, text)
				}
			}
			want = append(want, "end")
			c.connected(t, func(client, server *airsocket.Socket) {
				client.OnOpen(func(*airsocket.OpenEvent) { say(client) })
				server.OnMessage(func(e *airsocket.MessageEvent) {
					if toServer = append(toServer, e.Text()); e.Text() == "end" {
						say(server)
					}
				})
				client.OnMessage(func(e *airsocket.MessageEvent) {
					if toClient = append(toClient, e.Text()); e.Text() == "end" {
						client.Close(1000, "")
					}
				})
			})
			wantTexts(t, "server", toServer, want)
			wantTexts(t, "client", toClient, want)
		})
	}
}

func wantTexts(t *testing.T, who string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s got %d messages, want %d; number %d is wrong", who, len(got), len(want), i)
			return
		}
	}
}

// TestPreparedFrames checks that SendPrepared sends the same bytes as Send.
func TestPreparedFrames(t *testing.T) {
	long := strings.Repeat("x", 250)
	p, err := airsocket.Prepare(wire.Text, []byte(long))
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []func(testing.TB, func(*airsocket.Options), func(*airsocket.Socket), func(*wstest.RawPeer)) *wstest.Journal{wstest.StartServer, wstest.StartClient} {
		for _, fragment := range []int{0, 100} {
			j := start(t, func(o *airsocket.Options) { o.FragmentSize = fragment }, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
					if err := errors.Join(s.Send(long), s.SendPrepared(p), s.SendPrepared(p)); err != nil {
						t.Error(err)
					}
				})
			}, func(p *wstest.RawPeer) {
				p.OpenAsEither()
				for range 3 {
					if fragment == 0 {
						p.Want(wstest.OpText, long)
						continue
					}
					p.Want(0x01, long[:100])
					p.Want(0x00, long[:100])
					p.Want(0x80, long[:50])
				}
				p.Send(wstest.OpClose, "")
				p.Want(wstest.OpClose, "")
				p.FinishClose()
			})
			j.Want("open", `close 1005 "" clean`)
		}
	}
}

func TestPreparedErrors(t *testing.T) {
	if _, err := airsocket.Prepare(wire.Ping, nil); err != airsocket.ErrArgument {
		t.Errorf("Prepare of a ping: %v", err)
	}
	if _, err := airsocket.Prepare(wire.Text, []byte("\xFF")); !errors.Is(err, wire.ErrBadText) {
		t.Errorf("Prepare of text that is not UTF-8: %v", err)
	}
	p, err := airsocket.Prepare(wire.Binary, bytes.Repeat([]byte("b"), 600))
	if err != nil {
		t.Fatal(err)
	}
	if err := airsocket.NewSocket(nil).SendPrepared(p); !errors.Is(err, airsocket.ErrInvalidState) {
		t.Errorf("SendPrepared before the start: %v", err)
	}
	preparedCase{version: wire.Hixie76}.connected(t, func(client, server *airsocket.Socket) {
		for _, s := range []*airsocket.Socket{client, server} {
			s.OnOpen(func(*airsocket.OpenEvent) {
				if err := s.SendPrepared(p); !errors.Is(err, wire.ErrUnsupported) || s.BufferedAmount() != 0 {
					t.Errorf("binary with hixie: %v, %d bytes are waiting", err, s.BufferedAmount())
				}
				if s == client {
					s.Close(1000, "")
					if err := s.SendPrepared(p); err != airsocket.ErrClosed {
						t.Errorf("after Close: %v", err)
					}
				}
			})
		}
	})
}

// TestPreparedAndMaxBuffered checks that MaxBuffered applies to prepared messages
// as to all others.
func TestPreparedAndMaxBuffered(t *testing.T) {
	const limit = 1 << 20
	p, err := airsocket.Prepare(wire.Binary, make([]byte, 10000))
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan int, 1)
	wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = limit }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			n := 0
			for ; n < 10000; n++ {
				if err := s.SendPrepared(p); err != nil {
					if err != airsocket.ErrBufferFull {
						t.Error(err)
					}
					break
				}
				if b := s.BufferedAmount(); b > limit+14 {
					t.Fatalf("%d bytes are waiting", b)
				}
			}
			sent <- n
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		n := <-sent
		if n == 10000 {
			t.Error("the socket was never full")
		}
		for range n {
			p.Want(wstest.OpBinary, string(make([]byte, 10000)))
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestPreparedWithinATurn checks that, as with Send, messages that wait only for
// the end of the turn do not make a socket full.
func TestPreparedWithinATurn(t *testing.T) {
	p, err := airsocket.Prepare(wire.Text, []byte(strings.Repeat("x", 90)))
	if err != nil {
		t.Fatal(err)
	}
	wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = 100 }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i := range 10 {
				if err := s.SendPrepared(p); err != nil {
					t.Errorf("message %d: %v", i, err)
				}
			}
			s.Close(1000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		for range 10 {
			p.Want(wstest.OpText, strings.Repeat("x", 90))
		}
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestPreparedAtOnce checks that many goroutines may send one Prepared at the same
// time, to sockets that speak differently.
func TestPreparedAtOnce(t *testing.T) {
	p, err := airsocket.Prepare(wire.Text, []byte(strings.Repeat("to everybody ", 100)))
	if err != nil {
		t.Fatal(err)
	}
	const times = 50
	var all sync.WaitGroup
	for _, c := range preparedCases() {
		all.Go(func() {
			n := 0
			c.connected(t, func(client, server *airsocket.Socket) {
				client.OnMessage(func(e *airsocket.MessageEvent) {
					if e.Text() != strings.Repeat("to everybody ", 100) {
						t.Errorf("%+v: %.20q", c, e.Text())
					}
					if n++; n == 4*times {
						client.Close(1000, "")
					}
				})
				server.OnOpen(func(*airsocket.OpenEvent) {
					for range 4 {
						go func() {
							for range times {
								if err := server.SendPrepared(p); err != nil {
									t.Errorf("%+v: %v", c, err)
								}
							}
						}()
					}
				})
			})
			if n != 4*times {
				t.Errorf("%+v: %d messages", c, n)
			}
		})
	}
	all.Wait()
}
