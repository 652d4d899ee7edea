package faults

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A panickingLog is a slog.Handler that panics at each record, or already when it is asked
// whether it wants one.
type panickingLog struct {
	whenAsked bool
	calls     atomic.Int32
}

func (l *panickingLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *panickingLog) WithGroup(string) slog.Handler      { return l }

func (l *panickingLog) Enabled(context.Context, slog.Level) bool {
	if l.whenAsked {
		l.calls.Add(1)
		panic("asked on purpose")
	}
	return true
}

func (l *panickingLog) Handle(context.Context, slog.Record) error {
	l.calls.Add(1)
	panic("told on purpose")
}

// TestLoggerThatPanics checks that with Options.Recover a log that panics at each record
// changes nothing for the connections: those that are closed cleanly, those whose handlers
// panic too, and those that are refused have the same events as without a log.
func TestLoggerThatPanics(t *testing.T) {
	for _, whenAsked := range []bool{false, true} {
		for _, way := range append([]string{byHTTP}, wstest.Ways...) {
			t.Run(fmt.Sprintf("%s/whenAsked=%v", way, whenAsked), func(t *testing.T) {
				l := &panickingLog{whenAsked: whenAsked}
				opts := &airsocket.Options{Parallel: true, Recover: true, SlowTurn: 1, Logger: slog.New(l)}
				closes := make(chan string, 10)
				opts.Hooks = &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { closes <- "refused" }}
				srv := &airsocket.Server{Options: opts}
				srv.OnRequest(func(r *airsocket.Request) {
					if r.Target == "/refused" {
						r.Reject(403, "no")
						return
					}
					r.Accept("")
				})
				srv.OnConnect(func(s *airsocket.Socket) {
					s.OnMessage(func(e *airsocket.MessageEvent) {
						if e.Text() == "panic" {
							panic("on purpose")
						}
						s.Send(e.Text())
					})
					s.OnClose(func(e *airsocket.CloseEvent) {
						closes <- fmt.Sprint(e.Code, e.WasClean)
						panic("in the end")
					})
				})
				url := serve(t, srv, way)
				connect := func(path string) *airsocket.Socket {
					s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), TLS: insecure, Recover: true, Logger: slog.New(l), SlowTurn: 1})
					s.OnMessage(func(e *airsocket.MessageEvent) { s.Send("panic") })
					s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello") })
					s.OnClose(func(e *airsocket.CloseEvent) { closes <- fmt.Sprint("client ", e.Code, e.WasClean) })
					if err := s.Connect(url + path); err != nil {
						t.Error(err)
					}
					return s
				}
				want := func(both ...string) {
					t.Helper()
					got := map[string]bool{wstest.Receive(t, closes): true, wstest.Receive(t, closes): true}
					for _, w := range both {
						if !got[w] {
							t.Errorf("got %v, want %v", got, both)
						}
					}
				}
				connect("")
				want("1011 false", "client 1011 true")
				connect("refused")
				want("refused", "client 1006 false")
				if n := l.calls.Load(); n < 8 {
					t.Errorf("%d records", n)
				}
			})
		}
	}
}
