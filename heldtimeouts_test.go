package airsocket_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// notReading are the reasons for which a Socket does not read what its peer has sent. Each
// begins with the peer's first ping, and lasts for notReadingFor.
var notReading = map[string]func(*airsocket.Socket, *airsocket.Options){
	"a handler runs": func(*airsocket.Socket, *airsocket.Options) { time.Sleep(notReadingFor) }, // the reason itself
	"paused": func(s *airsocket.Socket, _ *airsocket.Options) {
		s.Pause()
		time.AfterFunc(notReadingFor, s.Resume)
	},
	"held up": func(*airsocket.Socket, *airsocket.Options) {}, // by notReadingRate
}

const notReadingFor = 200 * time.Second

// notReadingRate is a limit that a ping of 100 bytes exceeds by notReadingFor.
var notReadingRate = &airsocket.RateLimit{Bytes: 0.5, BurstBytes: 12}

// An answeringPeer answers pings, and writes one thing after another.
type answeringPeer struct {
	*wstest.RawPeer
	writes chan []byte
	done   chan struct{} // closed when the connection has ended
}

func newAnsweringPeer(p *wstest.RawPeer) *answeringPeer {
	a := &answeringPeer{p, make(chan []byte, 100), make(chan struct{})}
	go func() {
		for {
			select {
			case b := <-a.writes:
				p.Write(b)
			case <-a.done:
				return
			}
		}
	}()
	go func() {
		defer close(a.done)
		for {
			switch first, payload, err := p.ReadFrame(); {
			case err != nil:
				return
			case first == wstest.OpPing:
				a.writes <- p.Frame(wstest.OpPong, payload)
			case first == wstest.OpClose:
				a.writes <- p.Frame(wstest.OpClose, payload)
			}
		}
	}()
	return a
}

// Of a handler that runs, TestTimeoutsWhileAHandlerRuns checks the pings: in a bubble, time
// stands still while the writer of a pipe waits for the turn.

// timesOfPeers are the Options with which a peer is given up that sends nothing, or too
// slowly, for less than notReadingFor.
func timesOfPeers() map[string]*airsocket.Options {
	return map[string]*airsocket.Options{
		"IdleTimeout":    {IdleTimeout: 20 * time.Second},
		"MessageTimeout": {MessageTimeout: 20 * time.Second},
		"PongTimeout":    {PingInterval: 30 * time.Second, PongTimeout: 5 * time.Second},
		"all":            {IdleTimeout: 20 * time.Second, MessageTimeout: 20 * time.Second, PingInterval: 15 * time.Second, PongTimeout: 3 * time.Second},
	}
}

// TestTimeoutsWhileNotReading checks that a peer is not given up because the Socket itself
// does not read what the peer has sent, for whatever reason: neither as idle, nor for a
// message that is not complete, nor for a pong.
func TestTimeoutsWhileNotReading(t *testing.T) {
	for why, hold := range notReading {
		for name, opts := range timesOfPeers() {
			if why == "a handler runs" && opts.PingInterval > 0 {
				continue
			}
			t.Run(why+", "+name, func(t *testing.T) {
				if why == "held up" {
					opts.RateLimit = notReadingRate
				}
				j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
					airsocket.AddEventListener(s, airsocket.EventPing, func(*airsocket.PingEvent) { hold(s, opts) }, airsocket.Once())
				}, func(p *wstest.RawPeer) {
					p.Open()
					a := newAnsweringPeer(p)
					a.writes <- append(p.Frame(textPart, "a"), p.Frame(wstest.OpPing, wstest.TextOf(100))...)
					time.Sleep(time.Second) // the rest comes when the Socket no longer reads
					a.writes <- p.Frame(wstest.OpPing, "next")
					a.writes <- p.Frame(0x80, "b")
					a.writes <- p.Frame(wstest.OpClose, "")
					<-a.done
				})
				if last := j.Lines[len(j.Lines)-1]; last != `close 1005 "" clean` || slices.Contains(j.Lines, "error") {
					t.Errorf("%q after %v", last, took)
				}
				if took < notReadingFor {
					t.Errorf("it took only %v", took)
				}
			})
		}
	}
}

// TestTimeoutsWhileAHandlerRuns checks the same, in each way of serving, of a handler that
// runs for as long as several of the times together. What the peer sends comes with its
// request, so that there is no time in which it might be too slow.
func TestTimeoutsWhileAHandlerRuns(t *testing.T) {
	const short = 5 * time.Millisecond
	wstest.EachWay(t, func(t *testing.T, way string) {
		for name, opts := range map[string]*airsocket.Options{
			"IdleTimeout":    {IdleTimeout: short, PongTimeout: -1},
			"MessageTimeout": {MessageTimeout: short, PongTimeout: -1},
			"PongTimeout":    {PongTimeout: short},
		} {
			t.Run(name, func(t *testing.T) {
				opts.PingInterval, opts.Dispatcher = short, new(airsocket.Dispatcher)
				release := make(chan struct{})
				srv := &airsocket.Server{Options: opts}
				srv.OnConnect(func(s *airsocket.Socket) {
					s.OnPing(func(e *airsocket.PingEvent) {
						s.Pong(nil)
						s.Flush()
						<-release
						s.Drop(3000, "")
					})
				})
				p := wstest.DialRaw(t, wstest.ServeWay(t, srv, way))
				defer close(release)
				p.WriteRaw(append(append([]byte(wstest.UpgradeRequest), p.Frame(textPart, "a")...), p.Frame(wstest.OpPing, "")...))
				p.ReadResponse()
				for pings := 0; pings < 10; {
					switch first, payload, err := p.ReadFrame(); {
					case err != nil, first == wstest.OpClose:
						t.Fatalf("the connection has ended with %q, %v after %d pings", payload, err, pings)
					case first == wstest.OpPing:
						pings++
					}
				}
			})
		}
	})
}

// TestPingsWhileAnotherHandlerRuns checks that pings are sent while a
// handler of another socket of the same Dispatcher runs: its peer is not given up for a
// ping that waits for the end of a turn.
func TestPingsWhileAnotherHandlerRuns(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		opened, running, release := make(chan struct{}, 2), make(chan struct{}), make(chan struct{})
		var pings atomic.Int32
		srv := &airsocket.Server{Options: &airsocket.Options{
			Dispatcher: new(airsocket.Dispatcher), PingInterval: 5 * time.Millisecond,
			Hooks: &airsocket.Hooks{Sent: func(*airsocket.Socket, wire.Kind, int) { pings.Add(1) }},
		}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnOpen(func(*airsocket.OpenEvent) { opened <- struct{}{} })
			s.OnMessage(func(*airsocket.MessageEvent) {
				close(running)
				<-release
			})
		})
		url := wstest.ServeWay(t, srv, way)
		slow, other := wstest.ConnectRaw(t, url), wstest.ConnectRaw(t, url)
		defer close(release)
		wstest.Receive(t, opened)
		wstest.Receive(t, opened)
		slow.Send(wstest.OpText, "x")
		wstest.Receive(t, running)
		for range pings.Load() + 10 { // those of before, and more
			other.Want(wstest.OpPing, "")
		}
	})
}

// TestIdleWhileAnotherHandlerRuns checks that the peer of an idle connection is told at once,
// and not when a handler of another socket of the same Dispatcher has returned.
func TestIdleWhileAnotherHandlerRuns(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		opened, running, release := make(chan struct{}, 2), make(chan struct{}), make(chan struct{})
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), IdleTimeout: 200 * time.Millisecond}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnOpen(func(*airsocket.OpenEvent) { opened <- struct{}{} })
			s.OnMessage(func(*airsocket.MessageEvent) {
				close(running)
				<-release
			})
		})
		url := wstest.ServeWay(t, srv, way)
		idle := wstest.ConnectRaw(t, url)
		wstest.Receive(t, opened)
		slow := wstest.DialRaw(t, url)
		defer close(release)
		slow.WriteRaw(append([]byte(wstest.UpgradeRequest), slow.Frame(wstest.OpText, "x")...))
		wstest.Receive(t, running)
		idle.WantClose(1001)
	})
}
