package airsocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A keeper is a client with Options.Reconnect in a synctest bubble. Each time it
// dials, the next function of serve gets the connection.
type keeper struct {
	t      *testing.T
	s      *Socket
	d      *Dispatcher
	begin  time.Time
	serve  []func(net.Conn) // nil: unreachable; the last one gets all further connections
	dials  []time.Duration  // since begin
	events []string
}

var errUnreachable = errors.New("unreachable")

func newKeeper(t *testing.T, o *Options, serve ...func(net.Conn)) *keeper {
	k := &keeper{t: t, d: new(Dispatcher), begin: time.Now(), serve: serve}
	o.Dispatcher = k.d
	if o.Reconnect.random == nil {
		o.Reconnect.random = func() float64 { return 0.5 }
	}
	o.Dial = func(context.Context, string, string) (net.Conn, error) {
		serve := k.serve[min(len(k.dials), len(k.serve)-1)]
		k.dials = append(k.dials, time.Since(k.begin))
		if serve == nil {
			return nil, errUnreachable
		}
		here, there := net.Pipe()
		go serve(there)
		return here, nil
	}
	k.s = NewSocket(o)
	k.s.OnOpen(func(e *OpenEvent) { k.note("open %d", e.Target().Reconnects()) })
	k.s.OnMessage(func(e *MessageEvent) { k.note("message %s", e.Text()) })
	k.s.OnError(func(e *ErrorEvent) { k.note("error") })
	k.s.OnClose(func(e *CloseEvent) {
		if e.WillReconnect {
			k.note("close %d, again in %v", e.Code, e.ReconnectIn)
		} else {
			k.note("close %d", e.Code)
		}
	})
	return k
}

func (k *keeper) note(format string, args ...any) {
	k.events = append(k.events, fmt.Sprintf(format, args...))
}

// run connects and returns when Run does.
func (k *keeper) run() {
	k.d.Run(func() {
		if err := k.s.Connect("ws://test/"); err != nil {
			k.t.Error(err)
		}
	})
}

func (k *keeper) want(dials []time.Duration, events ...string) {
	k.t.Helper()
	if !slices.Equal(k.dials, dials) {
		k.t.Errorf("dials at %v, want %v", k.dials, dials)
	}
	if !slices.Equal(k.events, events) {
		k.t.Errorf("events:\n got %q\nwant %q", k.events, events)
	}
}

func seconds(s ...float64) (d []time.Duration) {
	for _, s := range s {
		d = append(d, time.Duration(s*float64(time.Second)))
	}
	return d
}

// answers returns a server that sends answer to the request and closes.
func answers(answer string) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, answer)
	}
}

// accepts returns a server that opens the connection and then calls then.
func accepts(then func(*Socket)) func(net.Conn) {
	return func(c net.Conn) {
		s := NewSocket(&Options{Dispatcher: new(Dispatcher)})
		s.OnOpen(func(*OpenEvent) { then(s) })
		s.OnMessage(func(e *MessageEvent) { s.Send(e.Text()) })
		s.StartServer(c)
	}
}

func closes(code StatusCode) func(*Socket) { return func(s *Socket) { s.Close(code, "") } }

func TestReconnectBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t, &Options{Reconnect: &Reconnect{Min: 2 * time.Second, Max: 10 * time.Second, MaxAttempts: 5}}, nil)
		k.run()
		k.want(seconds(0, 1, 3, 7, 12, 17),
			"error", "close 1006, again in 1s",
			"error", "close 1006, again in 2s",
			"error", "close 1006, again in 4s",
			"error", "close 1006, again in 5s",
			"error", "close 1006, again in 5s",
			"error", "close 1006")
		if st := k.s.ReadyState(); st != StateClosed {
			t.Errorf("ReadyState is %d", st)
		}
	})
}

func TestReconnectOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t, &Options{Reconnect: &Reconnect{}},
			accepts(closes(StatusGoingAway)),
			nil,
			accepts(func(s *Socket) { s.Conn().Close() }),
			accepts(func(s *Socket) { s.Send("hello") }))
		k.s.OnMessage(func(e *MessageEvent) {
			k.note("message %s", e.Text())
			k.s.Close(1000, "")
		})
		k.run()
		k.want(seconds(0, 0.5, 1.5, 3.5),
			"open 0", "close 1001, again in 500ms",
			"error", "close 1006, again in 1s",
			"open 1", "error", "close 1006, again in 2s",
			"open 2", "message hello", "close 1000")
		if n := k.s.Reconnects(); n != 2 {
			t.Errorf("Reconnects is %d", n)
		}
	})
}

// TestReconnectForgetsFailures checks that the waits begin anew after a connection
// that lasted, but not after one that did not.
func TestReconnectForgetsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(wait time.Duration) func(net.Conn) {
			return accepts(func(s *Socket) { s.disp.SetTimeout(func() { s.Close(StatusGoingAway, "") }, wait) })
		}
		k := newKeeper(t, &Options{Reconnect: &Reconnect{Min: 2 * time.Second, MaxAttempts: 3}},
			nil, nil, after(1*time.Second), after(2*time.Second), after(0))
		k.run()
		k.want(seconds(0, 1, 3, 3+1+4, 8+2+1, 11+2, 13+4),
			"error", "close 1006, again in 1s",
			"error", "close 1006, again in 2s",
			"open 0", "close 1001, again in 4s",
			"open 1", "close 1001, again in 1s",
			"open 2", "close 1001, again in 2s",
			"open 3", "close 1001, again in 4s",
			"open 4", "close 1001")
	})
}

func TestReconnectNotAfter(t *testing.T) {
	refusal := func(status int, fields string) func(net.Conn) {
		return answers(fmt.Sprintf("HTTP/1.1 %d %s\r\n%sContent-Length: 0\r\n\r\n", status, http.StatusText(status), fields))
	}
	for _, test := range []struct {
		name  string
		first func(net.Conn)
		again time.Duration // 0: never
	}{
		{"1000", accepts(closes(1000)), 0},
		{"1001", accepts(closes(1001)), time.Second},
		{"no status", accepts(closes(0)), time.Second},
		{"4000", accepts(closes(4000)), time.Second},
		{"200", refusal(200, ""), 0},
		{"302", refusal(302, "Location: /\r\n"), 0},
		{"401", refusal(401, ""), 0},
		{"404", refusal(404, ""), 0},
		{"408", refusal(408, ""), time.Second},
		{"425", refusal(425, ""), time.Second},
		{"429", refusal(429, ""), time.Second},
		{"500", refusal(500, ""), time.Second},
		{"503", refusal(503, ""), time.Second},
		{"503 with Retry-After", refusal(503, "Retry-After: 7\r\n"), 8 * time.Second},
		{"429 with Retry-After", refusal(429, "Retry-After: 7\r\n"), 8 * time.Second},
		{"502, for which Retry-After is ignored", refusal(502, "Retry-After: 7\r\n"), time.Second},
		{"503 with a long Retry-After", refusal(503, "Retry-After: 3600\r\n"), defaultReconnectMax},
		{"503 with a Retry-After that overflows", refusal(503, "Retry-After: 99999999999999999999\r\n"), time.Second},
		{"503 until a date", refusal(503, "Retry-After: Sat, 01 Jan 2000 00:00:20 GMT\r\n"), 21 * time.Second}, // 20 s after the time at which bubbles begin
		{"503 until a date in the past", refusal(503, "Retry-After: Fri, 01 Jan 1999 00:00:20 GMT\r\n"), time.Second},
		{"wrong Sec-WebSocket-Accept", refusal(101, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n"), 0},
		{"no answer", answers(""), time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKeeper(t, &Options{Reconnect: &Reconnect{Min: 2 * time.Second, MaxAttempts: 1}}, test.first, nil)
				k.run()
				switch {
				case test.again == 0 && len(k.dials) != 1:
					t.Errorf("dials at %v, want one: %q", k.dials, k.events)
				case test.again != 0 && !slices.Equal(k.dials, []time.Duration{0, test.again}):
					t.Errorf("dials at %v, want the second at %v: %q", k.dials, test.again, k.events)
				}
			})
		})
	}
}

func TestReconnectRefusals(t *testing.T) {
	for _, err := range []error{
		&ProxyError{Status: 407},
		&TLSError{&tls.CertificateVerificationError{}},
	} {
		if !permanent(err) {
			t.Errorf("%v would be tried again", err)
		}
	}
	for _, err := range []error{
		&ProxyError{Status: 502},
		&ProxyError{Err: io.ErrUnexpectedEOF},
		&TLSError{io.ErrUnexpectedEOF},
		ErrHandshakeTimeout,
		errUnreachable,
	} {
		if permanent(err) {
			t.Errorf("%v would not be tried again", err)
		}
	}
}

// TestReconnectGivenUp checks the ways to end the attempts: in the close handler,
// or later, during the wait.
func TestReconnectGivenUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		end    func(*keeper, *CloseEvent)
		took   time.Duration
		events []string
	}{
		{"Close in the handler", func(k *keeper, _ *CloseEvent) { k.s.Close(1000, "") }, 0, nil},
		{"PreventDefault", func(_ *keeper, e *CloseEvent) { e.PreventDefault() }, 0, nil},
		{"Close while waiting", func(k *keeper, _ *CloseEvent) {
			k.d.SetTimeout(func() {
				if st := k.s.ReadyState(); st != StateConnecting {
					k.t.Errorf("ReadyState is %d while waiting", st)
				}
				k.s.Close(1000, "")
			}, time.Second)
		}, time.Second, []string{"error", "close 1006"}},
		{"Drop while waiting", func(k *keeper, _ *CloseEvent) {
			k.d.SetTimeout(func() { k.s.Drop(1000, "") }, time.Second)
		}, time.Second, []string{"error", "close 1006"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKeeper(t, &Options{Reconnect: &Reconnect{Min: 20 * time.Second}}, nil)
				AddEventListener(k.s, EventClose, func(e *CloseEvent) { test.end(k, e) }, Once())
				k.run()
				k.want(seconds(0), append([]string{"error", "close 1006, again in 10s"}, test.events...)...)
				if took := time.Since(k.begin); took != test.took {
					t.Errorf("Run returned after %v, want %v", took, test.took)
				}
				if st := k.s.ReadyState(); st != StateClosed {
					t.Errorf("ReadyState is %d", st)
				}
			})
		})
	}
}

// TestReconnectYieldsToConnect checks that a Connect in the close handler takes
// precedence.
func TestReconnectYieldsToConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t, &Options{Reconnect: &Reconnect{}}, nil, accepts(closes(1000)))
		AddEventListener(k.s, EventClose, func(*CloseEvent) {
			if err := k.s.Connect("ws://other/"); err != nil {
				t.Error(err)
			}
		}, Once())
		k.run()
		k.want(seconds(0, 0), "error", "close 1006, again in 500ms", "open 0", "close 1000")
	})
}

// TestReconnectContext checks that the context ends attempts until the first open
// event, and none after it.
func TestReconnectContext(t *testing.T) {
	for _, opens := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			first := accepts(closes(StatusGoingAway))
			if !opens {
				first = nil
			}
			k := newKeeper(t, &Options{Reconnect: &Reconnect{Min: 20 * time.Second}}, first, accepts(closes(1000)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			k.d.Run(func() {
				if err := k.s.ConnectContext(ctx, "ws://test/"); err != nil {
					t.Error(err)
				}
			})
			if opens {
				k.want(seconds(0, 10), "open 0", "close 1001, again in 10s", "open 1", "close 1000")
			} else {
				k.want(seconds(0), "error", "close 1006, again in 10s", "error", "close 1006")
				if took := time.Since(k.begin); took != time.Second {
					t.Errorf("Run returned after %v", took)
				}
			}
		})
	}
}

// TestReconnectKeepsQueue checks that messages sent before the open event are kept
// for the connection that opens.
func TestReconnectKeepsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t, &Options{Reconnect: &Reconnect{}, QueueBeforeOpen: true}, nil, nil, accepts(func(*Socket) {}))
		k.s.OnMessage(func(e *MessageEvent) {
			k.note("message %s", e.Text())
			if e.Text() == "second" {
				k.s.Close(1000, "")
			}
		})
		k.d.Run(func() {
			if err := k.s.Connect("ws://test/"); err != nil {
				t.Error(err)
			}
			k.s.Send("first")
			k.d.SetTimeout(func() {
				if err := k.s.Send("second"); err != nil {
					t.Error(err)
				}
			}, 100*time.Millisecond)
		})
		k.want(seconds(0, 0.5, 1.5), "error", "close 1006, again in 500ms", "error", "close 1006, again in 1s",
			"open 0", "message first", "message second", "close 1000")
	})
}

func TestReconnectWaits(t *testing.T) {
	most := func() float64 { return math.Nextafter(1, 0) }
	for _, test := range []struct {
		r      Reconnect
		failed int
		asked  time.Duration
		most   time.Duration
	}{
		{Reconnect{}, 0, 0, defaultReconnectMin},
		{Reconnect{}, 3, 0, 8 * defaultReconnectMin},
		{Reconnect{}, 1 << 30, 0, defaultReconnectMax},
		{Reconnect{}, 1 << 30, math.MaxInt64, defaultReconnectMax},
		{Reconnect{Factor: 3}, 2, 0, 9 * defaultReconnectMin},
		{Reconnect{Factor: 1}, 9, 0, defaultReconnectMin},
		{Reconnect{Factor: math.NaN()}, 1, 0, 2 * defaultReconnectMin},
		{Reconnect{Factor: math.Inf(1)}, 1, 0, defaultReconnectMax},
		{Reconnect{Min: time.Minute}, 0, 0, defaultReconnectMax},
		{Reconnect{Min: -1, Max: -1}, 9, 0, defaultReconnectMax},
		{Reconnect{Max: math.MaxInt64}, 1 << 20, math.MaxInt64 - 1, math.MaxInt64},
		{Reconnect{Max: math.MaxInt64}, 1 << 20, 0, math.MaxInt64},
	} {
		r := test.r
		r.random = most
		if got := r.wait(test.failed, test.asked); got > test.most || float64(got) < float64(test.most)*0.999 {
			t.Errorf("%+v after %d: at most %v, want %v", test.r, test.failed, got, test.most)
		}
		r.random = func() float64 { return 0 }
		if got := r.wait(test.failed, 0); got != 0 {
			t.Errorf("%+v after %d: at least %v, want 0", test.r, test.failed, got)
		}
	}
	r := Reconnect{}
	different := false
	for range 100 {
		got := r.wait(0, 0)
		if got < 0 || got >= defaultReconnectMin {
			t.Fatalf("a wait of %v", got)
		}
		different = different || got != r.wait(0, 0)
	}
	if !different {
		t.Error("the waits are not random")
	}
}
