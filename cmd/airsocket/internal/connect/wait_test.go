package connect

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// wait runs connect with one text over a pipe, in a synctest bubble. The server
// reads the text after the time busy, and sends an answer after each of the
// delays. wait returns what connect printed and how long it took.
func wait(t *testing.T, wait, busy time.Duration, delays ...time.Duration) (got string, took time.Duration) {
	t.Helper()
	got, _, took = waitPinging(t, 0, wait, busy, delays...)
	return got, took
}

// waitPinging is wait with -ping-interval. It also returns what was printed on stderr.
func waitPinging(t *testing.T, interval, wait, busy time.Duration, delays ...time.Duration) (got, events string, took time.Duration) {
	t.Helper()
	here, there := net.Pipe()
	server := new(airsocket.Dispatcher)
	go server.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: server})
		s.OnMessage(func(*airsocket.MessageEvent) {
			for _, d := range delays {
				server.SetTimeout(func() { s.Send(d.String()) }, d)
			}
		})
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Pause()
			server.SetTimeout(s.Resume, busy)
		})
		s.StartServer(there)
	})
	cfg := &config{Client: &options.Client{URL: "ws://pipe/"}, wait: wait, pingInterval: interval}
	cfg.Options.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
	var out, log strings.Builder
	c := &client{config: cfg, disp: new(airsocket.Dispatcher), texts: []journal.Event{outgoing([]byte("go"), false)}, print: plain(&out, &log, false)}
	cfg.Options.Dispatcher = c.disp
	begin := time.Now()
	if code, err := c.run(t.Context()); code != exit.OK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	took = time.Since(begin)
	time.Sleep(time.Hour) // in the bubble, until the server's timers have fired
	return strings.ReplaceAll(out.String(), "\n", " "), log.String(), took
}

func TestConnectWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wait   time.Duration
		busy   time.Duration
		delays []time.Duration
		got    string
		took   time.Duration
	}{
		{time.Second, 0, nil, "", time.Second},
		{time.Second, 500 * time.Millisecond, nil, "", 1500 * time.Millisecond},
		{time.Second, 0, []time.Duration{900 * time.Millisecond, 1800 * time.Millisecond, 2900 * time.Millisecond}, "900ms 1.8s ", 2800 * time.Millisecond},
		{0, 0, []time.Duration{time.Millisecond}, "", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got, took := wait(t, test.wait, test.busy, test.delays...); got != test.got || took != test.took {
				t.Errorf("-wait %v, messages after %v: got %q in %v, want %q in %v", test.wait, test.delays, got, took, test.got, test.took)
			}
		})
	}
}

// The pongs of -ping-interval do not end a silence, and say how long they took: here what
// the server was busy.
func TestPingIntervalAndWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, events, took := waitPinging(t, 300*time.Millisecond, time.Second, 0, 900*time.Millisecond)
		if got != "900ms " || took != 1900*time.Millisecond {
			t.Errorf("got %q in %v", got, took)
		}
		if n := strings.Count(events, "* pong "); n != 6 {
			t.Errorf("%d pongs in\n%s", n, events)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, events, _ := waitPinging(t, 300*time.Millisecond, time.Second, 500*time.Millisecond)
		if !strings.Contains(events, "* pong \"1\" after 200ms\n") {
			t.Errorf("no pong after 200 ms in\n%s", events)
		}
	})
}

// No more of the input is read than can be sent to a server that reads nothing.
func TestInputWaitsForTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lines, length = 1000, 100_000
		here, there := net.Pipe()
		server := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: server})
		received := 0
		go server.Run(func() {
			s.OnOpen(func(*airsocket.OpenEvent) { s.Pause() })
			s.OnMessage(func(*airsocket.MessageEvent) { received++ })
			s.StartServer(there)
		})
		in := strings.NewReader(strings.Repeat(strings.Repeat("x", length-1)+"\n", lines))
		cfg := &config{Client: &options.Client{URL: "ws://pipe/"}, wait: time.Second}
		cfg.Options.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
		c := &client{config: cfg, disp: new(airsocket.Dispatcher), input: &piped{r: in}, print: plain(io.Discard, io.Discard, false)}
		cfg.Options.Dispatcher = c.disp
		ended := make(chan struct{})
		go func() {
			c.run(t.Context())
			close(ended)
		}()
		synctest.Wait()
		if read := int(in.Size()) - in.Len(); read > options.HighWater+10*length {
			t.Errorf("%d bytes were read for a server that reads nothing", read)
		}
		server.Post(s.Resume)
		if <-ended; received != lines {
			t.Errorf("%d messages arrived, want %d", received, lines)
		}
	})
}

// A slowConn receives a KiB at a time, each after a while.
type slowConn struct{ net.Conn }

func (c slowConn) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Millisecond) // of the bubble
	return c.Conn.Read(p[:min(len(p), 1<<10)])
}

// A deafConn sends the answer to the handshake, and nothing after it.
type deafConn struct {
	net.Conn
	answered bool
}

func (c *deafConn) Write(p []byte) (int, error) {
	if c.answered {
		return len(p), nil
	}
	c.answered = true
	return c.Conn.Write(p)
}

// runWith runs connect with flags and a text, and a server that echoes what it receives by
// means of the connection that wrap returns.
func runWith(t *testing.T, text string, wrap func(net.Conn) net.Conn, flags ...string) (code int, ran time.Duration, err error) {
	t.Helper()
	here, there := net.Pipe()
	server := new(airsocket.Dispatcher)
	go server.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: server})
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
		s.StartServer(wrap(there))
	})
	cfg := resolved(t, flags...)
	cfg.Options.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
	c := &client{config: cfg, disp: new(airsocket.Dispatcher), texts: []journal.Event{outgoing([]byte(text), false)}, print: plain(io.Discard, io.Discard, false)}
	cfg.Options.Dispatcher = c.disp
	begin := time.Now()
	code, err = c.run(t.Context())
	ran = time.Since(begin)
	there.Close()
	time.Sleep(time.Hour) // in the bubble, until the server has ended
	return code, ran, err
}

// While the server takes what is sent, however slowly, it is not waited for in vain.
func TestWaitBeginsWhenAllIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(c net.Conn) net.Conn { return slowConn{c} }
		if code, _, err := runWith(t, strings.Repeat("x", 50<<10), slow, "-n", "1", "-wait", "1"); code != exit.OK || err != nil {
			t.Errorf("exit code %d, %v", code, err)
		}
	})
}

// A server that answers no pings is given up.
func TestPingIntervalEndsAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deaf := func(c net.Conn) net.Conn { return &deafConn{Conn: c} }
		code, took, _ := runWith(t, "", deaf, "-ping-interval", "5", "-wait", "forever", "-timeout", "1")
		if least := 5*time.Second + pongTimeout; code != exit.Timeout || took < least || took > least+time.Second {
			t.Errorf("exit code %d after %v, want %d after %v and -timeout", code, took, exit.Timeout, least)
		}
	})
}
