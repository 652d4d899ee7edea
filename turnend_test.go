package airsocket_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		airsocket.Default().Run(func() {
			airsocket.Post(func() { got = append(got, 1) })
			airsocket.Default().Post(func() { got = append(got, 2) })
			airsocket.SetTimeout(func() { got = append(got, 3) }, time.Second)
		})
		if !slices.Equal(got, []int{1, 2, 3}) {
			t.Errorf("%v: Post and SetTimeout use another Dispatcher", got)
		}
	})
}

func TestTurnEndOfFunctionsAndTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []string
		note := func(what string) func() { return func() { got = append(got, what) } }
		d.OnTurnEnd(note("end"))
		d.Run(func() {
			note("main")()
			d.Post(note("posted"))
			d.Post(note("posted"))
			d.SetTimeout(note("timeout"), time.Second)
			var every *airsocket.Timer
			runs := 0
			every = d.SetInterval(func() {
				note("interval")()
				if runs++; runs == 2 {
					every.Clear()
				}
			}, time.Minute)
		})
		want := []string{"main", "end", "posted", "end", "posted", "end", "timeout", "end", "interval", "end", "interval", "end"}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestTurnEndIsReplacedAndRemoved checks that a function set in a turn is called at
// the end of the same turn, and that it can be replaced and removed.
func TestTurnEndIsReplacedAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []string
		note := func(what string) func() { return func() { got = append(got, what) } }
		d.Run(func() {
			d.Post(func() { d.OnTurnEnd(note("first")) })
			d.Post(func() { d.OnTurnEnd(note("second")) })
			d.Post(func() { d.OnTurnEnd(nil) })
			d.Post(func() {
				d.OnTurnEnd(func() {
					note("once")()
					d.OnTurnEnd(nil)
				})
			})
			d.Post(note("posted"))
		})
		if want := []string{"first", "second", "once", "posted"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// A turnEndPeer is the client's end of a connection to a server in a bubble.
type turnEndPeer struct {
	t *testing.T
	io.ReadWriteCloser
	r *bufio.Reader
}

// serveTurnEnd runs a server in a bubble, and calls fn to talk to it.
func serveTurnEnd(t *testing.T, opts *airsocket.Options, onConnect func(*airsocket.Socket), fn func(dial func() *turnEndPeer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := &airsocket.Server{Options: opts}
		srv.OnConnect(onConnect)
		l := newPipeListener()
		go srv.Serve(l)
		fn(func() *turnEndPeer {
			conn := l.dial()
			p := &turnEndPeer{t, conn, bufio.NewReader(conn)}
			conn.Write([]byte(wstest.UpgradeRequest))
			if _, err := http.ReadResponse(p.r, nil); err != nil {
				t.Error(err)
			}
			return p
		})
		srv.Shutdown(context.Background())
	})
}

func (p *turnEndPeer) send(op byte, payload string) { p.Write(wstest.Frame(true, op, payload)) }

// want reads the next frames, which are short text messages.
func (p *turnEndPeer) want(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		frame := make([]byte, 2+len(text))
		if _, err := io.ReadFull(p.r, frame); err != nil || string(frame[2:]) != text {
			p.t.Errorf("%q, %v, want %q", frame, err, text)
		}
	}
}

func TestTurnEndOfSockets(t *testing.T) {
	d := new(airsocket.Dispatcher)
	var got []string
	d.OnTurnEnd(func() { got = append(got, "end") })
	connect := func(s *airsocket.Socket) {
		got = append(got, "connect")
		s.OnOpen(func(*airsocket.OpenEvent) { got = append(got, "open") })
		s.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, e.Text()); s.Send("answer") })
		s.OnClose(func(*airsocket.CloseEvent) { got = append(got, "close") })
	}
	// Each of these takes its turns in another place.
	for name, opts := range map[string]*airsocket.Options{
		"plain":    {Dispatcher: d},
		"watched":  {Dispatcher: d, Logger: slog.New(slog.DiscardHandler), SlowTurn: time.Hour},
		"deflated": {Dispatcher: d, Compression: airsocket.CompressionTakeover},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			serveTurnEnd(t, opts, connect, func(dial func() *turnEndPeer) {
				p := dial()
				p.Write(append(wstest.Frame(true, wstest.OpText, "one"), wstest.Frame(true, wstest.OpText, "two")...))
				p.want("answer", "answer")
				p.send(wstest.OpText, "three")
				p.want("answer")
				p.Close()
				synctest.Wait()
			})
			// A turn without a handler has an end too.
			ends := slices.Compact(slices.Clone(got))
			want := []string{"connect", "end", "open", "end", "one", "two", "end", "three", "end", "close", "end"}
			if !slices.Equal(ends, want) {
				t.Errorf("%v, want %v", ends, want)
			}
		})
	}
}

// TestTurnEndSendsWithTheTurn checks that what the handlers have sent is written
// only after the function of OnTurnEnd has run, in one write with what that sends.
func TestTurnEndSendsWithTheTurn(t *testing.T) {
	d := new(airsocket.Dispatcher)
	var socket *airsocket.Socket
	microtasks := 0
	d.OnTurnEnd(func() {
		for ; microtasks > 0; microtasks-- {
			if n := socket.BufferedAmount(); n != 2+len("handler") {
				t.Errorf("%d bytes wait at the end of the turn", n)
			}
			socket.Send("end")
		}
	})
	opts := &airsocket.Options{Dispatcher: d}
	serveTurnEnd(t, opts, func(s *airsocket.Socket) {
		socket = s
		s.OnMessage(func(*airsocket.MessageEvent) { s.Send("handler"); microtasks++ })
	}, func(dial func() *turnEndPeer) {
		p := dial()
		p.send(wstest.OpText, "x")
		buf := make([]byte, 100)
		n, err := p.Read(buf) // a Read of a pipe returns one write, or the rest of it
		if want := "\x81\x07handler\x81\x03end"; string(buf[:n]) != want || err != nil {
			t.Errorf("the write was %q, %v, want %q", buf[:n], err, want)
		}
		p.Close()
	})
}

// TestSlowTurnEnd checks that the time that the function takes counts as part of
// the turn when slow turns are reported.
func TestSlowTurnEnd(t *testing.T) {
	var log lockedBuffer
	d := new(airsocket.Dispatcher)
	slow := false
	d.OnTurnEnd(func() {
		if slow {
			slow = false
			time.Sleep(time.Second) // longer than SlowTurn
		}
	})
	opts := &airsocket.Options{Dispatcher: d, SlowTurn: time.Second / 2, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	serveTurnEnd(t, opts, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { slow = true; s.Send(e.Text()) })
	}, func(dial func() *turnEndPeer) {
		p := dial()
		p.send(wstest.OpText, "x")
		p.want("x")
		p.Close()
	})
	if n := strings.Count(log.String(), "websocket slow turn"); n != 1 || !strings.Contains(log.String(), "turn=receive took=1s") {
		t.Errorf("%d slow turns:\n%s", n, log.String())
	}
}

// TestTurnEndAndParallelSockets checks that the turns of Parallel sockets are not
// turns of the Dispatcher.
func TestTurnEndAndParallelSockets(t *testing.T) {
	d := new(airsocket.Dispatcher)
	ends, messages := 0, 0
	d.OnTurnEnd(func() { ends++ })
	serveTurnEnd(t, &airsocket.Options{Dispatcher: d, Parallel: true}, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { messages++; s.Send(e.Text()) })
	}, func(dial func() *turnEndPeer) {
		p := dial()
		p.send(wstest.OpText, "x")
		p.want("x")
		p.Close()
		synctest.Wait()
		if messages != 1 || ends != 0 {
			t.Errorf("%d messages arrived, and %d turns of the Dispatcher ended, want 1 and 0", messages, ends)
		}
		d.Post(func() {})
		synctest.Wait()
		if ends != 1 {
			t.Errorf("%d turns ended after Post", ends)
		}
	})
	if size := unsafe.Sizeof(airsocket.Dispatcher{}); size > 48 {
		t.Errorf("each Parallel socket has a Dispatcher of %d bytes", size)
	}
}

// TestGoexitAtTheTurnEnd checks that a function that ends its goroutine neither
// stops the Dispatcher nor keeps back what was sent, and that a turn in which a
// handler ends its goroutine has an end too.
func TestGoexitAtTheTurnEnd(t *testing.T) {
	t.Run("functions and timers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			ran, ends := 0, 0
			d.Run(func() {
				d.Post(func() { d.OnTurnEnd(func() { ends++; runtime.Goexit() }) })
				d.Post(func() { ran++ })
				d.Post(runtime.Goexit)
				d.Post(func() { ran++ })
				d.SetTimeout(func() { ran++ }, time.Second)
				d.SetTimeout(func() { ran++ }, 2*time.Second)
			})
			if ran != 4 || ends != 6 {
				t.Errorf("%d functions ran and %d turns ended, want 4 and 6", ran, ends)
			}
		})
	})
	for name, goexit := range map[string]struct{ inHandler, atEnd bool }{
		"in a handler": {true, false}, "at the end": {false, true}, "in both": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			exits, ends, closes := false, 0, 0
			var sockets []*airsocket.Socket
			d.OnTurnEnd(func() {
				if exits {
					exits = false
					ends++
					if goexit.atEnd {
						runtime.Goexit()
					}
				}
			})
			serveTurnEnd(t, &airsocket.Options{Dispatcher: d}, func(s *airsocket.Socket) {
				sockets = append(sockets, s)
				s.OnMessage(func(e *airsocket.MessageEvent) {
					sockets[1].Send(e.Text())
					if s == sockets[0] {
						exits = true
						if goexit.inHandler {
							runtime.Goexit()
						}
					}
				})
				s.OnClose(func(*airsocket.CloseEvent) { closes++ })
			}, func(dial func() *turnEndPeer) {
				p, q := dial(), dial()
				p.send(wstest.OpText, "exit")
				q.want("exit")
				if _, err := p.r.ReadByte(); err != io.EOF {
					t.Errorf("after the goroutine has ended: %v", err)
				}
				q.send(wstest.OpText, "alive")
				q.want("alive")
				synctest.Wait()
				if ends != 1 || closes != 1 {
					t.Errorf("%d ends and %d close events, want one of each", ends, closes)
				}
				p.Close()
				q.Close()
			})
		})
	}
}

func TestPanicAtTheTurnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		d.OnTurnEnd(func() { panic("at the end") })
		func() {
			defer func() {
				if v := recover(); v != "at the end" {
					t.Errorf("Run panicked with %v", v)
				}
			}()
			d.Run(func() {})
		}()
		d.OnTurnEnd(nil) // nothing uses d now
		ran := false
		d.Run(func() { ran = true })
		if !ran {
			t.Error("the Dispatcher cannot be used any more")
		}
	})
}
