package airsocket_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// slowTurns runs a server that echoes a message. Each of its handlers takes some
// time, and so do the timers and posted functions of its Dispatcher. It returns the
// warnings about slow turns.
//
// No goroutine may wait for a turn while a handler sleeps, because the time of the
// bubble would stand still then: hence the pauses.
func slowTurns(t *testing.T, takes, slow time.Duration) (warnings []string) {
	var log lockedBuffer
	take := func() { time.Sleep(takes) }        // what each handler does
	pause := func() { time.Sleep(time.Minute) } // until no goroutine waits for a turn
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Logger: logger, SlowTurn: slow}}
		srv.OnRequest(func(r *airsocket.Request) { take(); r.Accept("") })
		srv.OnConnect(func(s *airsocket.Socket) {
			take()
			s.OnOpen(func(*airsocket.OpenEvent) { take() })
			s.OnMessage(func(e *airsocket.MessageEvent) { take(); s.Send(e.Text()) })
			s.OnDrain(func(*airsocket.DrainEvent) { take() })
			s.OnClose(func(*airsocket.CloseEvent) { take(); runtime.Goexit() })
		})
		l := newPipeListener()
		go srv.Serve(l)
		conn := l.dial()
		r := bufio.NewReader(conn)
		conn.Write([]byte(wstest.UpgradeRequest))
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Error(err)
		}
		pause()
		conn.Write(wstest.Frame(true, wstest.OpText, "x"))
		if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
			t.Error(err)
		}
		pause()
		conn.Close()
		pause()
		srv.Shutdown(context.Background())
		d.Run(take)
		d.Run(func() { d.Post(take) })
		d.Run(func() { d.SetTimeout(take, time.Hour) })
	})
	for line := range strings.Lines(log.String()) {
		var r struct {
			Level, Msg, Turn, Remote string
			Took                     time.Duration
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Msg != "websocket slow turn" {
			continue
		}
		warnings = append(warnings, fmt.Sprint(r.Turn, " ", r.Took))
		if r.Level != "WARN" || r.Remote != "pipe" {
			t.Errorf("unexpected line: %s", line)
		}
	}
	return warnings
}

func TestSlowTurn(t *testing.T) {
	const ms = time.Millisecond
	all := func(took string) (all []string) {
		for _, turn := range []string{"request", "connect", "open", "receive", "drain", "close"} {
			all = append(all, turn+" "+took)
		}
		return all
	}
	for _, c := range []struct {
		takes, slow time.Duration
		want        []string
	}{
		{100 * ms, 0, nil},
		{101 * ms, 0, all("101ms")},
		{time.Second, -1, nil},
		{time.Second, time.Second, nil},
		{3 * ms, 2 * ms, all("3ms")},
	} {
		if got := slowTurns(t, c.takes, c.slow); !slices.Equal(got, c.want) {
			t.Errorf("handlers that take %v with a SlowTurn of %v: %q, want %q", c.takes, c.slow, got, c.want)
		}
	}
}

// TestSlowTurnIsToldAfterIt checks that the Logger is called after the turn has
// ended and without a lock: it may take a turn and call the Socket.
func TestSlowTurnIsToldAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own, d := new(airsocket.Dispatcher), new(airsocket.Dispatcher)
		var s *airsocket.Socket
		told := 0
		logger := slog.New(&warned{slog.DiscardHandler, func() {
			turn := make(chan struct{})
			d.Post(func() { close(turn) })
			<-turn
			if s.BufferedAmount() == 0 {
				told++
			}
		}})
		own.Run(func() {
			c := airsocket.NewSocket(&airsocket.Options{Dispatcher: own})
			c.OnOpen(func(*airsocket.OpenEvent) { own.SetTimeout(func() { c.Close(1000, "") }, time.Minute) })
			s = airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Logger: logger})
			s.OnOpen(func(*airsocket.OpenEvent) { time.Sleep(time.Second) }) // longer than SlowTurn
			if err := airsocket.Pipe(c, s); err != nil {
				t.Error(err)
			}
		})
		if told != 1 {
			t.Errorf("%d slow turns were reported, want 1", told)
		}
	})
}

// A warned is a slog.Handler that calls fn for each warning.
type warned struct {
	slog.Handler
	fn func()
}

func (h *warned) Enabled(context.Context, slog.Level) bool { return true }

func (h *warned) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		h.fn()
	}
	return nil
}
