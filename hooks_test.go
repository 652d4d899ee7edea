package airsocket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

func ExampleHooks() {
	var open, received atomic.Int64
	client, server := airsocket.NewSocket(nil), airsocket.NewSocket(&airsocket.Options{Hooks: &airsocket.Hooks{
		Opened:   func(*airsocket.Socket) { open.Add(1) },
		Closed:   func(*airsocket.Socket, *airsocket.CloseEvent) { open.Add(-1) },
		Received: func(_ *airsocket.Socket, _ wire.Kind, bytes int) { received.Add(int64(bytes)) },
	}})
	server.OnMessage(func(*airsocket.MessageEvent) {
		fmt.Println(open.Load(), "open,", received.Load(), "bytes received")
		server.Close(1000, "")
	})
	client.OnOpen(func(*airsocket.OpenEvent) { client.Send("hello") })
	airsocket.Run(func() {
		if err := airsocket.Pipe(client, server); err != nil {
			fmt.Println(err)
		}
	})
	fmt.Println(open.Load(), "open")
	// Output:
	// 1 open, 5 bytes received
	// 0 open
}

// A hookLog has hooks that each write a line.
type hookLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *hookLog) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *hookLog) hooks() *airsocket.Hooks {
	return &airsocket.Hooks{
		Opened: func(s *airsocket.Socket) { l.note("opened in state %d", s.ReadyState()) },
		Closed: func(s *airsocket.Socket, e *airsocket.CloseEvent) { l.note("closed %d", e.Code) },
		HandshakeFailed: func(s *airsocket.Socket, err error) {
			l.note("failed: %v", err)
		},
		Received: func(s *airsocket.Socket, kind wire.Kind, n int) {
			s.BufferedAmount() // would never return if a lock were held
			l.note("received %d %d", kind, n)
		},
		Sent: func(s *airsocket.Socket, kind wire.Kind, n int) {
			s.BufferedAmount()
			l.note("sent %d %d", kind, n)
		},
	}
}

func (l *hookLog) want(t *testing.T, who string, lines ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.lines, lines) {
		t.Errorf("hooks of the %s:\n got %q\nwant %q", who, l.lines, lines)
	}
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ofClient, ofServer hookLog
		d := new(airsocket.Dispatcher)
		c := airsocket.NewSocket(&airsocket.Options{
			Dispatcher: d, Hooks: ofClient.hooks(), QueueBeforeOpen: true, SilentClose: true, Compression: airsocket.CompressionTakeover,
		})
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Hooks: ofServer.hooks(), PingInterval: time.Second, Compression: airsocket.CompressionTakeover})
		pongs := 0
		c.OnMessage(func(*airsocket.MessageEvent) { ofClient.note("handler") })
		if err := airsocket.Pipe(c, s); err != nil {
			t.Fatal(err)
		}
		c.Send("early") // sent once the socket is open, and counted once
		synctest.Wait()
		if err := s.SendBytes(make([]byte, 1000)); err != nil { // compressed to fewer bytes
			t.Error(err)
		}
		synctest.Wait()
		p, _ := airsocket.Prepare(wire.Text, []byte("prepared"))
		s.SendPrepared(p)
		synctest.Wait()
		d.Post(func() { c.PingFunc([]byte("???"), func() { pongs++ }) }) // in a turn, so that the pong comes later
		synctest.Wait()
		s.Send("\xff")          // refused, and not counted
		time.Sleep(time.Second) // until a ping is due
		synctest.Wait()
		c.Close(1000, "")
		synctest.Wait()
		c.Send("late")
		ofClient.want(t, "client", "opened in state 1", "sent 1 5", "received 2 1000", "handler", "received 1 8", "handler",
			"sent 9 3", "received 10 3", "received 9 0", "sent 10 0", "closed 1000")
		// The ping of PingInterval is reported in a goroutine of its own, perhaps after its pong.
		if l := ofServer.lines; slices.Index(l, "received 10 0")+1 == slices.Index(l, "sent 9 0") {
			slices.Reverse(l[slices.Index(l, "received 10 0"):][:2])
		}
		ofServer.want(t, "server", "opened in state 1", "received 1 5", "sent 2 1000", "sent 1 8",
			"received 9 3", "sent 10 3", "sent 9 0", "received 10 0", "closed 1000")
		if pongs != 1 {
			t.Errorf("%d pongs", pongs)
		}
	})
}

func TestHooksOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ofClient, ofServer hookLog
		d := new(airsocket.Dispatcher)
		c := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Hooks: ofClient.hooks(), Origin: "http://elsewhere"})
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Hooks: ofServer.hooks()})
		if err := airsocket.Pipe(c, s); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ofClient.want(t, "client", "failed: handshake: the server refused: 403 Forbidden")
		ofServer.want(t, "server", "failed: handshake: requests from this origin are not accepted")
	})
	var l hookLog
	s := airsocket.NewSocket(wstest.OwnDispatcher(&airsocket.Options{Hooks: l.hooks()}))
	if s.Upgrade(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)) == nil {
		t.Error("Upgrade accepted a request that does not ask for a WebSocket")
	}
	l.want(t, "Upgrade", "failed: handshake: the request does not ask for a websocket")
}

// TestHooksEmpty checks that a Hooks without functions works as none.
func TestHooksEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Hooks: new(airsocket.Hooks)}
		c, s := airsocket.NewSocket(o), airsocket.NewSocket(o)
		j := wstest.Follow(t, s)
		if err := airsocket.Pipe(c, s); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.Send("x")
		c.Ping(nil)
		synctest.Wait()
		c.Close(1000, "")
		synctest.Wait()
		j.Want("open", "text x", "ping ", `close 1000 "" clean`)
	})
}
