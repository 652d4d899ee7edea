package wstest

import (
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// CloseAt returns a function that makes a socket close at an event. It can be
// the argument attach of StartServer and StartClient.
func CloseAt[E airsocket.Event](typ airsocket.EventType[E], code airsocket.StatusCode, reason string) func(*airsocket.Socket) {
	return func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, typ, func(E) { s.Close(code, reason) })
	}
}

// StartServer lets a Socket and a peer talk over a TCP connection on which the
// Socket is the server. It returns when both have finished. Before the start, set
// may change the options and attach may add handlers; both may be nil. The peer
// runs in a goroutine of its own, and the Socket in a turn of a new Dispatcher.
func StartServer(t testing.TB, set func(*airsocket.Options), attach func(*airsocket.Socket), peer func(*RawPeer)) *Journal {
	t.Helper()
	theirs, ours := TCPPair(t)
	opts := new(airsocket.Options)
	return Converse(t, opts, set, attach, func(s *airsocket.Socket) error { return s.StartServer(ours) }, NewRawPeer(t, theirs, true), peer)
}

// StartClient is like StartServer, with the roles exchanged.
func StartClient(t testing.TB, set func(*airsocket.Options), attach func(*airsocket.Socket), peer func(*RawPeer)) *Journal {
	t.Helper()
	theirs, ours := TCPPair(t)
	opts := &airsocket.Options{Dial: DialTo(ours)}
	return Converse(t, opts, set, attach, func(s *airsocket.Socket) error { return s.Connect("ws://example.com/") }, NewRawPeer(t, theirs, false), peer)
}

// Converse does what StartServer and StartClient have in common. start must start
// the Socket on the other end of the connection of p.
func Converse(t testing.TB, opts *airsocket.Options, set func(*airsocket.Options), attach func(*airsocket.Socket), start func(*airsocket.Socket) error, p *RawPeer, peer func(*RawPeer)) *Journal {
	t.Helper()
	d := new(airsocket.Dispatcher)
	opts.Dispatcher = d
	if set != nil {
		set(opts)
	}
	s := airsocket.NewSocket(opts)
	j := Follow(t, s)
	if opts.Rules == airsocket.RulesBrowser {
		j.ErrorState = airsocket.StateClosed
	}
	p.SetDeadline(time.Now().Add(Patience))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() {
			if t.Failed() { // the peer may have stopped early, and the Socket must not wait for it
				p.Close()
			}
		}()
		peer(p)
	})
	Run(t, d, func() {
		if attach != nil {
			attach(s)
		}
		if err := start(s); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	return j
}
