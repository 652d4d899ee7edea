package airsocket_test

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A slowExtension decodes a message only when the test lets it.
type slowExtension struct {
	begun   chan<- string
	release <-chan struct{}
}

func (slowExtension) Name() string                                           { return "x-slow" }
func (x slowExtension) Offer() []extensions.Params                           { return []extensions.Params{nil} }
func (x slowExtension) Accept(extensions.Params) (extensions.Session, error) { return x.session(), nil }
func (x slowExtension) Answer(extensions.Params) (extensions.Params, extensions.Session, bool) {
	return nil, x.session(), true
}
func (x slowExtension) session() extensions.Session { return extensions.Session{Wire: slowSession{x}} }

type slowSession struct{ slowExtension }

func (slowSession) Claims() wire.RSV { return wire.RSV2 }
func (slowSession) EncodeMessage(_ []byte, _ wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	return p, wire.RSV2, nil
}
func (x slowSession) DecodeMessage(dst []byte, _ wire.Kind, _ wire.RSV, p []byte, _ int) ([]byte, error) {
	x.begun <- string(p)
	<-x.release
	return append(dst, p...), nil
}

// TestDecodingHoldsUpNobody checks that the handlers of other sockets run while a
// message of one socket is being decoded: decoding happens before the turn, even
// for a message that arrives together with another.
func TestDecodingHoldsUpNobody(t *testing.T) {
	begun, release := make(chan string, 10), make(chan struct{})
	d := new(airsocket.Dispatcher)
	var got []string
	opts := &airsocket.Options{Dispatcher: d, Extensions: []extensions.Extension{slowExtension{begun, release}}}
	other := &airsocket.Options{Dispatcher: d}
	slowEnd, slowOurs := wstest.TCPPair(t)
	quickEnd, quickOurs := wstest.TCPPair(t)
	answered := make(chan struct{})
	slow, quick := airsocket.NewSocket(opts), airsocket.NewSocket(other)
	slow.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, e.Text()) })
	quick.OnMessage(func(e *airsocket.MessageEvent) {
		got = append(got, e.Text())
		quick.Send("re: " + e.Text())
	})
	go func() {
		defer close(answered)
		p, q := wstest.NewRawPeer(t, slowEnd, true), wstest.NewRawPeer(t, quickEnd, true)
		p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Extensions: x-slow")))
		p.ReadResponse()
		q.Open()
		// The second message follows the first in the same segment.
		p.WriteRaw(append(p.Frame(wstest.OpText|0x20, "one"), p.Frame(wstest.OpText|0x20, "two")...))
		for range 2 {
			<-begun
			q.Send(wstest.OpText, "quick")
			q.Want(wstest.OpText, "re: quick")
			release <- struct{}{}
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.Close()
		q.Send(wstest.OpClose, "")
		q.Want(wstest.OpClose, "")
		q.Close()
	}()
	wstest.Run(t, d, func() {
		slow.StartServer(slowOurs)
		quick.StartServer(quickOurs)
	})
	<-answered
	count := map[string]int{}
	for _, text := range got {
		count[text]++
	}
	if count["quick"] != 2 || count["one"] != 1 || count["two"] != 1 {
		t.Errorf("messages: %q", got)
	}
}

// TestInflatedMessagesThatWait checks how much memory inflated messages take while
// they wait for their turn: at a time there are only as many of them as there are
// processors, and the other sockets wait with what they have received.
func TestInflatedMessagesThatWait(t *testing.T) {
	const long = 16 << 20
	t.Run("long", func(t *testing.T) {
		// Each socket may have borrowed a read buffer of 64 KiB and more.
		memoryThatWaits(t, 1000, make([]byte, long), 96<<10, 2*long)
	})
	t.Run("short", func(t *testing.T) {
		noise := make([]byte, 60<<10) // inflating it takes eight times as much memory
		rand.NewChaCha8([32]byte{}).Read(noise)
		memoryThatWaits(t, 200, noise, 320<<10, 0)
	})
}

// memoryThatWaits sends the same compressed message to many sockets while none of
// them can get its turn, and checks that they take no more memory than each bytes
// for a socket and perProcessor bytes for a processor.
func memoryThatWaits(t *testing.T, sockets int, message []byte, each, perProcessor int) {
	payload := string(deflated(t, message))
	d := new(airsocket.Dispatcher)
	blocked, leave := make(chan struct{}), make(chan struct{})
	var over atomic.Bool
	var messages atomic.Int32
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Compression: airsocket.CompressionNoTakeover}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if len(e.Bytes()) == 0 {
				close(blocked)
				<-leave
				return
			}
			if !over.Load() {
				t.Error("a message was delivered during the turn of another one")
			}
			messages.Add(1)
		})
	})
	url := wstest.Serve(t, srv)
	peers := make([]*wstest.RawPeer, sockets)
	for i := range peers {
		peers[i] = wstest.DialRaw(t, url)
		peers[i].OpenCompressed("permessage-deflate")
	}
	before := liveMemory()
	first := wstest.ConnectRaw(t, url)
	first.Send(wstest.OpText, "")
	<-blocked
	bomb := peers[0].Frame(wstest.OpBinary|rsv1, payload)
	for _, p := range peers {
		p.WriteRaw(bomb)
	}
	// Everything that can be inflated now has been inflated when the memory stops
	// growing.
	most := before
	for calm := 0; calm < 5; {
		runtime.GC()
		if now := liveMemory(); now > most+1<<20 {
			most, calm = now, 0
		} else {
			calm++
		}
	}
	if bound := uint64(sockets*each + perProcessor*runtime.GOMAXPROCS(0)); most-before > bound {
		t.Errorf("%d waiting messages take %d KiB, want at most %d", sockets, (most-before)>>10, bound>>10)
	}
	over.Store(true)
	srv.Close()
	close(leave)
}

// TestDecodingOfOtherDispatchers checks that the sockets of a blocked Dispatcher do
// not keep those of another one from decoding.
func TestDecodingOfOtherDispatchers(t *testing.T) {
	n := runtime.GOMAXPROCS(0) + 1
	d := new(airsocket.Dispatcher)
	blocked, leave := make(chan struct{}), make(chan struct{})
	stuck := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Compression: airsocket.CompressionTakeover}}
	stuck.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if len(e.Bytes()) == 0 {
				close(blocked)
				<-leave
			}
		})
	})
	stuckURL := wstest.Serve(t, stuck)
	var peers []*wstest.RawPeer
	for range n {
		p := wstest.DialRaw(t, stuckURL)
		p.OpenCompressed("permessage-deflate")
		peers = append(peers, p)
	}
	p := wstest.ConnectRaw(t, stuckURL)
	p.Send(wstest.OpText, "")
	<-blocked
	defer close(leave)
	big := string(deflated(t, make([]byte, 1<<20)))
	for _, p := range peers {
		p.Send(wstest.OpBinary|rsv1, big)
	}
	for _, opts := range []*airsocket.Options{
		{Parallel: true, Compression: airsocket.CompressionTakeover},
		{Dispatcher: new(airsocket.Dispatcher), Compression: airsocket.CompressionTakeover},
	} {
		srv := &airsocket.Server{Options: opts}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(strconv.Itoa(len(e.Bytes()))) })
		})
		p := wstest.DialRaw(t, wstest.Serve(t, srv))
		p.OpenCompressed("permessage-deflate")
		p.Send(wstest.OpBinary|rsv1, big)
		p.Want(wstest.OpText, strconv.Itoa(1<<20))
	}
}

// TestDeliveredMessageIsReleased checks that a long message takes no memory any more when
// its handler has returned and the next message of the same peer waits to be decoded.
func TestDeliveredMessageIsReleased(t *testing.T) {
	const long = 16 << 20
	d := new(airsocket.Dispatcher)
	delivered, leave, next := make(chan struct{}), make(chan struct{}), make(chan string, 1)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Compression: airsocket.CompressionNoTakeover}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if len(e.Bytes()) != long {
				next <- e.Text()
				return
			}
			delivered <- struct{}{}
			<-leave
		})
	})
	payload := string(deflated(t, make([]byte, long))) // which takes some of the time that a RawPeer has
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.OpenCompressed("permessage-deflate")
	before := liveMemory()
	bomb := p.Frame(wstest.OpBinary|rsv1, payload)
	p.WriteRaw(append(bomb, p.Frame(wstest.OpBinary|rsv1, string(deflated(t, []byte("next"))))...))
	<-delivered
	_, release := airsocket.HoldDecoding(d)
	leave <- struct{}{}
	for tries := 0; liveMemory() > before+long/2; tries++ {
		if tries == 20 {
			t.Errorf("%d KiB are in use after a message of %d KiB", (liveMemory()-before)>>10, long>>10)
			break
		}
		runtime.GC()
	}
	if len(next) > 0 {
		t.Error("a message was decoded without a slot")
	}
	release()
	wstest.Receive(t, next)
}

// TestParallelSocketsWaitForSlots checks that Parallel sockets inflate messages only when
// there is one of as many decoding slots as there are processors, and that any number of
// handlers may block meanwhile.
func TestParallelSocketsWaitForSlots(t *testing.T) {
	sockets := runtime.GOMAXPROCS(0) + 3
	blocked, leave := make(chan struct{}, sockets), make(chan struct{})
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true, Compression: airsocket.CompressionNoTakeover}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			blocked <- struct{}{}
			<-leave
		})
	})
	url := wstest.Serve(t, srv)
	n, release := airsocket.HoldDecoding(nil)
	if n != runtime.GOMAXPROCS(0) {
		t.Errorf("%d slots for %d processors", n, runtime.GOMAXPROCS(0))
	}
	long := string(deflated(t, make([]byte, 1<<20)))
	for range sockets {
		p := wstest.DialRaw(t, url)
		p.OpenCompressed("permessage-deflate")
		p.Send(wstest.OpBinary|rsv1, long)
	}
	for range 20 { // so that they could begin
		runtime.GC()
	}
	if n := len(blocked); n > 0 {
		t.Errorf("%d sockets have decoded a message without a slot", n)
	}
	release()
	for range sockets {
		wstest.Receive(t, blocked)
	}
	close(leave)
}

// TestOwnExtensionHoldsUpNobody checks that an extension of the program's own that blocks
// holds up neither other connections with the extension nor those with permessage-deflate,
// with Parallel or on one Dispatcher.
func TestOwnExtensionHoldsUpNobody(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		sockets := runtime.GOMAXPROCS(0) + 3
		begun, release := make(chan string, sockets), make(chan struct{})
		srv := &airsocket.Server{Options: &airsocket.Options{
			Parallel: parallel, Dispatcher: new(airsocket.Dispatcher), Compression: airsocket.CompressionNoTakeover,
			Extensions: []extensions.Extension{slowExtension{begun, release}},
		}}
		got := make(chan string, sockets)
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) { got <- string(e.Bytes()) })
		})
		url := wstest.Serve(t, srv)
		for range sockets {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Extensions: x-slow")))
			p.ReadResponse()
			p.Send(wstest.OpBinary|0x20, "slow")
			wstest.Receive(t, begun)
		}
		p := wstest.DialRaw(t, url)
		p.OpenCompressed("permessage-deflate")
		p.Send(wstest.OpBinary|rsv1, string(deflated(t, []byte("quick"))))
		if text := wstest.Receive(t, got); text != "quick" {
			t.Errorf("parallel %v: %q", parallel, text)
		}
		close(release)
		for range sockets {
			wstest.Receive(t, got)
		}
	}
}

// TestPauseWithinWhatWasDecoded checks that Pause also holds back messages that
// have already been decoded.
func TestPauseWithinWhatWasDecoded(t *testing.T) {
	var got []string
	var d *airsocket.Dispatcher
	wstest.StartServer(t, func(o *airsocket.Options) {
		d = o.Dispatcher
		o.Compression = airsocket.CompressionNoTakeover
	}, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Text())
			s.Pause()
			d.Post(func() {
				got = append(got, "resumed")
				s.Resume()
			})
		})
	}, func(p *wstest.RawPeer) {
		p.OpenCompressed("permessage-deflate")
		var all []byte
		for _, text := range []string{"a", "b", "c"} {
			all = append(all, p.Frame(wstest.OpText|rsv1, string(deflated(t, []byte(text))))...)
		}
		p.WriteRaw(all)
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	if want := "a resumed b resumed c resumed"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPauseAfterALongMessage checks that a socket that was paused by the last of the
// messages that were decoded together goes on after Resume, if these fill all the memory
// that is used for decoding ahead.
func TestPauseAfterALongMessage(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			o := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Parallel: parallel, Compression: airsocket.CompressionTakeover}
			c, s := airsocket.NewSocket(o), airsocket.NewSocket(o)
			sent := wstest.TextOf(200 << 10)
			got := 0
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Text() == sent {
					got++
				}
				s.Pause()
			})
			if err := airsocket.Pipe(c, s); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for i := range 3 {
				c.Send(sent)
				synctest.Wait()
				if got != i+1 {
					t.Errorf("parallel %v: %d messages, want %d", parallel, got, i+1)
				}
				s.Resume()
			}
			c.Close(1000, "")
			synctest.Wait()
			if st := c.ReadyState(); st != airsocket.StateClosed {
				t.Errorf("parallel %v: the state at the end is %d", parallel, st)
			}
		})
	}
}
