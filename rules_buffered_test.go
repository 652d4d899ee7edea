package airsocket_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A stuckBrowser is an open client with RulesBrowser in a bubble. Its peer reads nothing after
// the handshake but what it is told to.
type stuckBrowser struct {
	*airsocket.Socket
	t       *testing.T
	d       *airsocket.Dispatcher
	peer    net.Conn
	journal *wstest.Journal
}

func newStuckBrowser(t *testing.T, set func(*airsocket.Options)) *stuckBrowser {
	return newStuckBrowserWith(t, "", set)
}

// newStuckBrowserWith has the peer choose an extension.
func newStuckBrowserWith(t *testing.T, extension string, set func(*airsocket.Options)) *stuckBrowser {
	ours, theirs := net.Pipe()
	b := &stuckBrowser{t: t, d: new(airsocket.Dispatcher), peer: theirs}
	o := &airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: b.d, Dial: wstest.DialTo(ours), WriteTimeout: -1}
	if set != nil {
		set(o)
	}
	b.Socket = airsocket.NewSocket(o)
	b.journal = wstest.Follow(t, b.Socket)
	b.journal.ErrorState = airsocket.StateClosed
	if err := b.Connect("ws://example.com/"); err != nil {
		t.Fatal(err)
	}
	if raw := wstest.NewRawPeer(t, theirs, false); extension != "" {
		key := raw.ReadRequest().Header.Get("Sec-WebSocket-Key")
		raw.WriteRaw(fmt.Appendf(nil, wstest.UpgradeResponse, wstest.AcceptKey(key)+"\r\nSec-WebSocket-Extensions: "+extension))
	} else {
		raw.Accept()
	}
	synctest.Wait()
	t.Cleanup(func() { theirs.Close() })
	return b
}

// turn runs fn in a turn, and then everything that follows from it.
func (b *stuckBrowser) turn(fn func()) {
	b.d.Post(fn)
	synctest.Wait()
}

// want checks BufferedAmount in a turn of its own.
func (b *stuckBrowser) want(n int) {
	b.t.Helper()
	got := 0
	b.turn(func() { got = b.BufferedAmount() })
	if got != n {
		b.t.Errorf("BufferedAmount is %d, want %d", got, n)
	}
}

// send sends bytes, and checks how much more BufferedAmount is.
func (b *stuckBrowser) send(n int) {
	b.t.Helper()
	before := b.BufferedAmount()
	if err := b.SendBytes(make([]byte, n)); err != nil {
		b.t.Error(err)
	}
	if after := b.BufferedAmount(); after != before+n {
		b.t.Errorf("after %d bytes BufferedAmount is %d, and was %d before", n, after, before)
	}
}

// handed is how many bytes a Write on a pipe takes, which do not count.
const handed = 16 << 10

func TestBrowserBufferedAmount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newStuckBrowser(t, nil)
		b.turn(func() {
			if err := b.Send("h\u00e9"); err != nil || b.BufferedAmount() != 3 {
				t.Errorf("%v, BufferedAmount is %d, want 3", err, b.BufferedAmount())
			}
			b.Flush() // which makes no difference in the same turn
			b.send(0)
			if n := b.BufferedAmount(); n != 3 {
				t.Errorf("in the same turn BufferedAmount is %d, want 3", n)
			}
		})
		b.want(0) // as the Write has it
		b.turn(func() {
			for range 3 {
				b.send(20_000)
			}
			b.send(40_000) // which is long enough to be written at once elsewhere
		})
		b.want(100_000)

		// The first Write had the text. The second one begins with two headers.
		io.CopyN(io.Discard, b.peer, 2+4+3)
		synctest.Wait()
		const headers = (2 + 4) + (2 + 2 + 4)
		b.want(100_000 + headers - handed)
		if n := b.BufferedAmount(); n != 100_000+headers-handed {
			t.Errorf("outside of turns BufferedAmount is %d", n)
		}

		b.turn(func() {
			before := b.BufferedAmount()
			io.CopyN(io.Discard, b.peer, 60_000) // the writer goes on meanwhile
			if now := b.BufferedAmount(); now != before {
				t.Errorf("BufferedAmount was %d in a turn, and %d later in it", before, now)
			}
			b.send(5)
		})
		if now := b.BufferedAmount(); now <= 5 || now >= 100_000-60_000+2*headers {
			t.Errorf("BufferedAmount is %d after 60,000 bytes", now)
		}
		go io.Copy(io.Discard, b.peer)
		synctest.Wait()
		if now := b.BufferedAmount(); now != 0 {
			t.Errorf("outside of turns BufferedAmount is %d when all is written", now)
		}
		b.want(0)
		b.Drop(1000, "")
		synctest.Wait()
	})
}

// What control frames, compression and prepared messages take makes no difference.
func TestBrowserBufferedAmountCountsPayloads(t *testing.T) {
	text := strings.Repeat("a text that can be compressed ", 10_000)
	prepared, err := airsocket.Prepare(wire.Text, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, compression := range []airsocket.Compression{airsocket.CompressionOff, airsocket.CompressionTakeover} {
		received := make(chan int, 8)
		opts := &airsocket.Options{Parallel: true, Dispatcher: new(airsocket.Dispatcher), Compression: compression}
		srv := &airsocket.Server{Options: opts}
		sockets := make(chan *airsocket.Socket, 1)
		srv.OnConnect(func(s *airsocket.Socket) {
			s.Pause()
			s.OnMessage(func(e *airsocket.MessageEvent) { received <- len(e.Bytes()) })
			sockets <- s
		})
		url := wstest.Serve(t, srv)
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: d, Compression: compression})
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Ping([]byte("payload"))
			s.Send(text)
			s.SendPrepared(prepared)
			s.SendBytes([]byte(text))
			if n := s.BufferedAmount(); n != 3*len(text) {
				t.Errorf("compression %d: BufferedAmount is %d, want %d", compression, n, 3*len(text))
			}
			(<-sockets).Resume()
		})
		all := func() {
			for range 3 {
				if n := wstest.Receive(t, received); n != len(text) {
					t.Errorf("%d bytes were received", n)
				}
			}
			d.Post(func() {
				if n := s.BufferedAmount(); n != 0 {
					t.Errorf("compression %d: BufferedAmount is %d at the end", compression, n)
				}
				s.Close(1000, "")
			})
		}
		wstest.Run(t, d, func() {
			go all()
			if err := s.Connect(url); err != nil {
				t.Error(err)
			}
		})
	}
}

// Messages that wait count as they were sent, and not as they are compressed, on whatever layer.
func TestBrowserBufferedAmountOfCompressed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 200_000)
	for i := range text {
		text[i] = "0123456789abcdef"[random.IntN(16)] // half a byte of information
	}
	for extension, set := range map[string]func(*airsocket.Options){
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover": func(o *airsocket.Options) { o.Compression = airsocket.CompressionNoTakeover },
		"deflate-stream": func(o *airsocket.Options) { o.DeflateStream, o.Version = true, wire.Hybi08 },
	} {
		for _, end := range []string{"read", "cut"} {
			t.Run(extension+"/"+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newStuckBrowserWith(t, extension, set)
					for range 3 {
						b.turn(func() {
							if err := b.Send(string(text)); err != nil {
								t.Error(err)
							}
						})
					}
					b.turn(func() { b.Ping([]byte("between")) })
					var all int
					b.turn(func() { all = b.BufferedAmount() })
					if all > 600_000 || all < 600_000-3*handed { // as about the double of handed is in it
						t.Errorf("BufferedAmount is %d after three messages of 200,000 bytes", all)
					}
					if end == "cut" {
						b.peer.Close()
						synctest.Wait()
						b.journal.Want("open", `close 1006 "" unclean`)
						b.turn(func() {
							if n := b.BufferedAmount(); n != 600_000 { // as what was handed over may not have arrived
								t.Errorf("BufferedAmount was %d before the end, and is %d after it", all, n)
							}
						})
						return
					}
					go io.CopyN(io.Discard, b.peer, 200_000) // more than one message, and less than three
					synctest.Wait()
					var half int
					b.turn(func() { half = b.BufferedAmount() })
					if half > 450_000 || half < 150_000 {
						t.Errorf("BufferedAmount is %d after 200,000 bytes", half)
					}
					go io.Copy(io.Discard, b.peer)
					synctest.Wait()
					b.want(0)
					b.Drop(1000, "")
					synctest.Wait()
				})
			})
		}
	}
}

// A connection that breaks keeps what was not sent, and what is sent later adds to it.
func TestBrowserBufferedAmountAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newStuckBrowser(t, nil)
		b.turn(func() {
			b.send(20_000)
			b.send(20_000)
		})
		b.peer.Close()
		synctest.Wait()
		b.journal.Want("open", `close 1006 "" unclean`)
		b.want(40_000)
		b.turn(func() { b.send(5) })
		b.want(40_005)
	})
}

func TestBrowserSendAfterClose(t *testing.T) {
	prepared, err := airsocket.Prepare(wire.Text, []byte("12345"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *airsocket.Socket, n int) {
		for name, send := range map[string]func() error{
			"Send":         func() error { return s.Send("12345") },
			"SendBytes":    func() error { return s.SendBytes([]byte("12345")) },
			"SendMessage":  func() error { return s.SendMessage(wire.Text, []byte("12345")) },
			"SendPrepared": func() error { return s.SendPrepared(prepared) },
		} {
			if err := send(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if n += 5; s.BufferedAmount() != n {
				t.Errorf("after %s BufferedAmount is %d, want %d", name, s.BufferedAmount(), n)
			}
		}
		if err := s.Ping(nil); err != airsocket.ErrClosed {
			t.Errorf("Ping: %v, want ErrClosed", err)
		}
	}
	j := wstest.StartClient(t, likeBrowser(), func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if err := s.Send("\xff"); !errors.Is(err, wire.ErrBadText) {
				t.Errorf("invalid text: %v", err)
			}
			s.Close(1000, "")
			check(s, 0)
		})
		airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) {
			check(s, 20)
		})
	}, func(p *wstest.RawPeer) {
		p.Accept()
		p.WantClose(1000)
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Close()
	})
	j.Want("open", `close 1000 "" clean`)
}

// A full buffer ends the connection ("flagged as full").
func TestBrowserSendFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newStuckBrowser(t, func(o *airsocket.Options) { o.MaxBuffered = 1000 })
		b.turn(func() { b.send(20_000) }) // nothing was waiting
		b.turn(func() {
			b.send(100)
			b.send(100)
		})
		b.journal.Want("open", "error", `close 1006 "" unclean`)
		b.journal.WantError(airsocket.ErrBufferFull)
		b.want(20_200)
	})
}

// A server whose response is not written yet has no connection that is full: the message is
// refused, and the connection is opened with those before it.
func TestBrowserSendFullBeforeOpen(t *testing.T) {
	var srv airsocket.Server
	srv.Options = &airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: new(airsocket.Dispatcher), MaxBuffered: 1000}
	srv.OnConnect(func(s *airsocket.Socket) {
		for i, want := range []error{nil, nil, airsocket.ErrBufferFull} {
			if err := s.SendBytes(make([]byte, 400)); !errors.Is(err, want) {
				t.Errorf("message %d: %v, want %v", i, err, want)
			}
		}
		if n := s.BufferedAmount(); n != 0 {
			t.Errorf("BufferedAmount is %d", n)
		}
	})
	c := wstest.ConnectRaw(t, wstest.Serve(t, &srv))
	for range 2 {
		c.Want(wstest.OpBinary, string(make([]byte, 400)))
	}
	c.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
	c.WantClose(1000)
	c.Close()
}

// Server.Stats counts frames with these rules too: what waits takes memory, and what is lost
// does not.
func TestBrowserStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &airsocket.Server{Options: &airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: new(airsocket.Dispatcher)}}
		ours, theirs := net.Pipe()
		l := newPipeListener()
		go srv.Serve(l)
		defer srv.Close()
		var s *airsocket.Socket
		srv.OnConnect(func(c *airsocket.Socket) { s = c })
		l.conns <- ours
		go io.WriteString(theirs, wstest.UpgradeRequest)
		if _, err := readHead(bufio.NewReader(theirs)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		const n, header = 60_000, 4
		srv.Options.Dispatcher.Post(func() {
			s.SendBytes(make([]byte, n))
			if got := s.BufferedAmount(); got != n {
				t.Errorf("BufferedAmount is %d", got)
			}
		})
		synctest.Wait()
		if got := srv.Stats().Buffered; got != n+header-handed {
			t.Errorf("Stats has %d bytes, want %d", got, n+header-handed)
		}
		theirs.Close()
		synctest.Wait()
	})
}

// When the Socket connects again nothing is buffered.
func TestBrowserBufferedAmountOfTheNextConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newStuckBrowser(t, nil)
		b.peer.Close()
		synctest.Wait()
		b.turn(func() { b.send(5) })
		b.want(5)
		if err := b.Connect("ws://example.com/"); err != nil { // over the same, closed pipe
			t.Fatal(err)
		}
		synctest.Wait()
		b.want(0)
	})
}
