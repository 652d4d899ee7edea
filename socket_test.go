package airsocket_test

import (
	"bytes"
	"context"
	"net"
	"testing"

	"github.com/airsocket/airsocket"
)

// serveEcho starts an echo server on loopback and returns its URL.
func serveEcho(t testing.TB, opts *airsocket.Options) string {
	t.Helper()
	srv := &airsocket.Server{Options: opts}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if err := s.SendMessage(e.Kind(), e.Bytes()); err != nil {
				t.Errorf("echo: %v", err)
			}
		})
	})
	return serve(t, srv)
}

// apart gives opts a Dispatcher of its own, unless it has one. The default one is
// for the examples, which wait for all that is on it: whatever becomes of a test
// does not hold them up.
func apart(opts *airsocket.Options) *airsocket.Options {
	if opts == nil {
		opts = new(airsocket.Options)
	}
	if opts.Dispatcher == nil {
		opts.Dispatcher = airsocket.NewDispatcher()
	}
	return opts
}

// serve has srv serve loopback until the test is over, and returns its URL.
func serve(t testing.TB, srv *airsocket.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveUntilTheEnd(t, srv, func() error { return srv.Serve(l) })
	return "ws://" + l.Addr().String() + "/"
}

// serveUntilTheEnd calls start, which has srv serve, and stops srv when the test
// is over.
func serveUntilTheEnd(t testing.TB, srv *airsocket.Server, start func() error) {
	srv.Options = apart(srv.Options)
	done := make(chan error, 1)
	go func() { done <- start() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
			srv.Close()
		}
		if err := <-done; err != airsocket.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestEcho(t *testing.T) {
	url := serveEcho(t, nil)
	d := airsocket.NewDispatcher()
	var got [][]byte
	sizes := []int{0, 1, 125, 126, 65535, 65536, 1 << 20}
	d.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnOpen(func(*airsocket.OpenEvent) {
			for _, n := range sizes {
				if err := s.SendBytes(bytes.Repeat([]byte{byte(n)}, n)); err != nil {
					t.Error(err)
				}
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Clone())
			if len(got) == len(sizes) {
				s.Close(1000, "bye")
			}
		})
		s.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			if e.Code != 1000 || e.Reason != "bye" || !e.WasClean {
				t.Errorf("close: %+v", e)
			}
		})
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	for i, n := range sizes {
		if i >= len(got) || !bytes.Equal(got[i], bytes.Repeat([]byte{byte(n)}, n)) {
			t.Errorf("message %d of %d bytes came back wrong", i, n)
		}
	}
}
