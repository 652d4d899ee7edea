package airsocket_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A slowConn is a connection whose Write waits while others do something, so that messages
// have to wait for it.
type slowConn struct {
	net.Conn
	meanwhile <-chan bool // each thing that they do; closed at the end
}

func (c slowConn) Write(p []byte) (int, error) {
	for range 10 {
		<-c.meanwhile
	}
	return c.Conn.Write(p)
}

// TestQueueWhileBecomingOpen checks that messages that several goroutines send
// before the open event and around it arrive if they were accepted.
func TestQueueWhileBecomingOpen(t *testing.T) {
	var arrived atomic.Int64
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { arrived.Add(1) })
	})
	url := wstest.Serve(t, srv)
	for range 5 {
		arrived.Store(0)
		attempts := make(chan bool)
		s := airsocket.NewSocket(&airsocket.Options{
			Dispatcher:      new(airsocket.Dispatcher),
			QueueBeforeOpen: true,
			MaxBuffered:     256 << 10,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return slowConn{conn, attempts}, err
			},
		})
		closed := make(chan bool, 1)
		s.OnClose(func(e *airsocket.CloseEvent) { closed <- e.WasClean })
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for s.ReadyState() == airsocket.StateConnecting {
					if s.SendBytes(make([]byte, 100)) == nil {
						accepted.Add(1)
					}
					select {
					case attempts <- true:
					default:
					}
				}
			})
		}
		wg.Wait()
		close(attempts)
		s.Close(1000, "")
		if clean := <-closed; !clean || arrived.Load() != accepted.Load() {
			t.Errorf("%d messages were accepted and %d have arrived; clean: %v", accepted.Load(), arrived.Load(), clean)
		}
	}
}

// TestPingFuncThatIsRefused checks that a PingFunc that cannot send its ping
// removes its own function, and not the function of another call with the same
// payload.
func TestPingFuncThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), MaxBuffered: 1000, CloseTimeout: 1})
		conn := newUnreadConn(0)
		var called []string
		s.OnOpen(func(*airsocket.OpenEvent) {
			if err := s.PingFunc([]byte("x"), func() { called = append(called, "first") }); err != nil {
				t.Error(err)
			}
			for s.Send("x") == nil {
			}
			if err := s.PingFunc([]byte("x"), func() { called = append(called, "second") }); !errors.Is(err, airsocket.ErrBufferFull) {
				t.Errorf("the second PingFunc: %v", err)
			}
		})
		s.StartServer(conn)
		conn.incoming <- wstest.Frame(true, wstest.OpPong, "x")
		synctest.Wait()
		if len(called) != 1 || called[0] != "first" {
			t.Errorf("called: %q", called)
		}
		s.Drop(1000, "")
		synctest.Wait()
	})
}

// TestSendWhileAnAttemptFails checks that an attempt to connect that fails while a
// handler runs changes nothing for that handler: what it sends is kept for the next
// attempt.
func TestSendWhileAnAttemptFails(t *testing.T) {
	d := new(airsocket.Dispatcher)
	refused := make(chan struct{})
	s := airsocket.NewSocket(&airsocket.Options{
		Dispatcher:      d,
		QueueBeforeOpen: true,
		Reconnect:       &airsocket.Reconnect{MaxAttempts: 1},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			defer close(refused)
			return nil, errors.New("refused")
		},
	})
	wstest.Run(t, d, func() {
		s.OnClose(func(e *airsocket.CloseEvent) { e.PreventDefault() })
		s.Connect("ws://example.com/")
		<-refused
		for range 10 { // meanwhile the attempt begins to wait for the end of this turn
			if err := s.Send("x"); err != nil {
				t.Fatalf("in state %d: %v", s.ReadyState(), err)
			}
			runtime.Gosched()
		}
	})
}
