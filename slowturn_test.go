package airsocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
)

// slowTurns has a client and a server on connections in memory exchange a
// message. Each handler of the server takes a time, and so do its timers and
// posted functions. It returns the warnings about slow turns.
func slowTurns(t *testing.T, takes, slow time.Duration) (warnings []string) {
	var log lockedBuffer
	synctest.Test(t, func(t *testing.T) {
		d := airsocket.NewDispatcher()
		logger := slog.New(&turnTaker{slog.NewJSONHandler(&log, nil), d})
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Logger: logger, SlowTurn: slow}}
		srv.OnRequest(func(r *airsocket.Request) { time.Sleep(takes); r.Accept("") })
		srv.OnConnect(func(s *airsocket.Socket) {
			time.Sleep(takes)
			s.OnOpen(func(*airsocket.OpenEvent) { time.Sleep(takes) })
			s.OnMessage(func(e *airsocket.MessageEvent) { time.Sleep(takes); s.Send(e.Text()) })
			s.OnDrain(func(*airsocket.DrainEvent) { time.Sleep(takes) })
			s.OnClose(func(*airsocket.CloseEvent) { time.Sleep(takes); runtime.Goexit() })
		})
		l := newPipeListener()
		go srv.Serve(l)
		clients := airsocket.NewDispatcher()
		clients.Run(func() {
			c := airsocket.NewSocket(&airsocket.Options{Dispatcher: clients, Dial: func(context.Context, string, string) (net.Conn, error) {
				return l.dial(), nil
			}})
			// Nobody may wait for a turn while a handler sleeps: that would stop the
			// bubble's time.
			c.OnOpen(func(*airsocket.OpenEvent) { clients.SetTimeout(func() { c.Send("x") }, time.Minute) })
			c.OnMessage(func(*airsocket.MessageEvent) {
				clients.SetTimeout(func() { c.Close(1000, "") }, time.Minute)
			})
			c.OnClose(func(*airsocket.CloseEvent) { clients.SetTimeout(func() {}, time.Minute) })
			c.Connect("ws://example.com/")
		})
		srv.Shutdown(context.Background())
		d.Run(func() { time.Sleep(takes) })
		d.Run(func() { d.Post(func() { time.Sleep(takes) }) })
		d.Run(func() { d.SetTimeout(func() { time.Sleep(takes) }, time.Hour) })
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
			t.Errorf("the line is %s", line)
		}
	}
	return warnings
}

// turnTaker takes a turn for each warning about one: it must have ended.
type turnTaker struct {
	slog.Handler
	d *airsocket.Dispatcher
}

func (h *turnTaker) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		took := make(chan struct{})
		h.d.Post(func() { close(took) })
		<-took
	}
	return h.Handler.Handle(ctx, r)
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
