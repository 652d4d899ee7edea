package airsocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestReconnectAfterTLS checks a client whose connection over TLS has ended, and whose next
// attempt fails before it has a connection. That it had one must not matter.
func TestReconnectAfterTLS(t *testing.T) {
	srv := new(airsocket.Server)
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1001, "") })
	})
	url := wstest.ServeWay(t, srv, wstest.ByTLS)
	unreachable := errors.New("unreachable")
	dials := 0
	opts := wstest.OwnDispatcher(&airsocket.Options{
		TLS:       &tls.Config{InsecureSkipVerify: true},
		Reconnect: &airsocket.Reconnect{Min: time.Millisecond, MaxAttempts: 2},
	})
	opts.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, unreachable
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	s := airsocket.NewSocket(opts)
	var events []string
	s.OnOpen(func(*airsocket.OpenEvent) { events = append(events, "open") })
	s.OnError(func(e *airsocket.ErrorEvent) {
		if events = append(events, "error"); !errors.Is(e.Err, unreachable) {
			t.Errorf("error: %v", e.Err)
		}
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		events = append(events, "close")
		if e.WillReconnect && s.Conn() != nil && len(events) > 2 {
			t.Error("there is a connection although none could be had")
		}
	})
	wstest.Run(t, opts.Dispatcher, func() {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	if want := []string{"open", "close", "error", "close", "error", "close"}; !slices.Equal(events, want) {
		t.Errorf("events: %q, want %q", events, want)
	}
}
