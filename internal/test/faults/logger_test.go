package faults

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A stuckLog is a slog.Handler that blocks at the first record with a certain message, and
// returns an error for each.
type stuckLog struct {
	at      string
	stuck   chan struct{} // is closed when it blocks
	release chan struct{} // and this ends that
	blocks  atomic.Bool
	records atomic.Int32
}

func (*stuckLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *stuckLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l *stuckLog) WithGroup(string) slog.Handler          { return l }

func (l *stuckLog) Handle(_ context.Context, r slog.Record) error {
	l.records.Add(1)
	if r.Message == l.at && l.blocks.CompareAndSwap(false, true) {
		close(l.stuck)
		<-l.release
	}
	return errors.New("the disk is full")
}

// TestLoggerThatBlocks checks that a log that blocks, and returns errors, holds up only the
// connection whose record it has: its methods can still be called, other connections are
// served, and Shutdown returns when its context is done. When the log goes on, the
// connection ends with one close event.
func TestLoggerThatBlocks(t *testing.T) {
	for _, at := range []string{"websocket open", "websocket slow turn", "websocket error", "websocket closed"} {
		for _, way := range append([]string{byHTTP}, wstest.Ways...) {
			t.Run(at+"/"+way, func(t *testing.T) {
				l := &stuckLog{at: at, stuck: make(chan struct{}), release: make(chan struct{})}
				opts := &airsocket.Options{Parallel: true, Logger: slog.New(l), Dispatcher: new(airsocket.Dispatcher)}
				if at == "websocket slow turn" {
					opts.SlowTurn = 1 // which every turn is
				}
				srv := &airsocket.Server{Options: opts}
				sockets, closes := make(chan *airsocket.Socket, 2), make(chan string, 10)
				srv.OnConnect(func(s *airsocket.Socket) {
					sockets <- s
					s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
					s.OnClose(func(e *airsocket.CloseEvent) { closes <- fmt.Sprint(e.Code, e.WasClean) })
				})
				var url string
				if way == byHTTP {
					url = wstest.ServeHandler(t, srv)
				} else {
					url = wstest.ServeWay(t, srv, way)
				}
				released := false
				defer func() {
					if !released {
						close(l.release)
					}
				}()
				p := wstest.DialRaw(t, url)
				p.WriteRaw([]byte(wstest.UpgradeRequest))
				s := wstest.Receive(t, sockets)
				if at == "websocket error" || at == "websocket closed" {
					p.ReadResponse()
					p.Send(0x83, "") // breaks a rule
					p.TCP().CloseWrite()
				}
				wstest.Receive(t, l.stuck)

				done := make(chan struct{})
				go func() {
					defer close(done)
					s.Send("hello")
					s.BufferedAmount()
					s.RemoteAddr()
					s.ReadyState()
					s.Flush()
					s.Close(1000, "")
					for range srv.Sockets() {
					}
				}()
				wstest.Receive(t, done)
				other := wstest.ConnectRaw(t, url)
				other.Send(wstest.OpText, "hello")
				other.Want(wstest.OpText, "hello")
				other.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
				other.TCP().CloseWrite() // the server waits for the end
				if got := wstest.Receive(t, closes); got != "1000 true" {
					t.Errorf("the other connection was closed with %s", got)
				}

				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
				defer cancel()
				if err := srv.Shutdown(ctx); err != context.DeadlineExceeded {
					t.Errorf("Shutdown: %v", err)
				}
				close(l.release)
				released = true
				p.SkipToEnd()
				wstest.Receive(t, closes)
				if err := srv.Shutdown(context.Background()); err != nil {
					t.Errorf("the second Shutdown: %v", err)
				}
				if n := len(closes); n > 0 {
					t.Errorf("%d more close events", n)
				}
				if l.records.Load() < 3 {
					t.Errorf("%d records", l.records.Load())
				}
			})
		}
	}
}
