package airsocket_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// wantStateError checks the error of a call that does not fit the state: it names
// the call and the state and, where that is known, says what to do.
func wantStateError(t *testing.T, err error, call, state, todo string) {
	t.Helper()
	if !errors.Is(err, airsocket.ErrInvalidState) {
		t.Errorf("%s while %s: %v, want ErrInvalidState", call, state, err)
		return
	}
	text := err.Error()
	for _, part := range []string{"airsocket: " + call + ": ", state, todo} {
		if !strings.Contains(text, part) {
			t.Errorf("%s while %s: %q has no %q", call, state, text, part)
		}
	}
}

// senders returns the calls that need an open connection.
func senders(t *testing.T) map[string]func(*airsocket.Socket) error {
	p, err := airsocket.Prepare(wire.Text, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(*airsocket.Socket) error{
		"Send":         func(s *airsocket.Socket) error { return s.Send("x") },
		"SendBytes":    func(s *airsocket.Socket) error { return s.SendBytes([]byte("x")) },
		"SendMessage":  func(s *airsocket.Socket) error { return s.SendMessage(wire.Text, []byte("x")) },
		"SendPrepared": func(s *airsocket.Socket) error { return s.SendPrepared(p) },
		"Ping":         func(s *airsocket.Socket) error { return s.Ping(nil) },
		"PingFunc":     func(s *airsocket.Socket) error { return s.PingFunc(nil, func() {}) },
		"Pong":         func(s *airsocket.Socket) error { return s.Pong(nil) },
	}
}

func TestErrorsBeforeTheStart(t *testing.T) {
	s := airsocket.NewSocket(nil)
	for call, send := range senders(t) {
		wantStateError(t, send(s), call, "not been started", "Connect, StartServer or Upgrade")
	}
	wantStateError(t, s.Close(1000, ""), "Close", "not been started", "")
	wantStateError(t, s.Drop(1000, ""), "Drop", "not been started", "")
	wantStateError(t, s.SendMessage(wire.Close, nil), "SendMessage", "not been started", "")
}

// starters returns the calls that start a connection or must come before it.
func starters(t *testing.T) map[string]func(*airsocket.Socket) error {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return map[string]func(*airsocket.Socket) error{
		"Connect":     func(s *airsocket.Socket) error { return s.Connect("ws://example.com/") },
		"StartServer": func(s *airsocket.Socket) error { return s.StartServer(ours) },
		"Upgrade":     func(s *airsocket.Socket) error { return s.Upgrade(unwrapping{}, new(http.Request)) },
		"Pipe":        func(s *airsocket.Socket) error { return airsocket.Pipe(s, airsocket.NewSocket(nil)) },
		"SetProtocol": func(s *airsocket.Socket) error { return s.SetProtocol("x") },
	}
}

func TestErrorsOfASecondStart(t *testing.T) {
	for _, state := range []string{"connecting", "open", "closing"} {
		attach := func(s *airsocket.Socket) {
			check := func() {
				for call, start := range starters(t) {
					wantStateError(t, start(s), call, "the socket is "+state, "NewSocket")
				}
			}
			s.OnOpen(func(*airsocket.OpenEvent) {
				if state == "open" {
					check()
				}
				s.Close(1000, "")
				if state == "closing" {
					check()
				}
			})
		}
		d := new(airsocket.Dispatcher)
		theirs, ours := wstest.TCPPair(t)
		server := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		client := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: wstest.DialTo(theirs)})
		attach(client)
		wstest.Run(t, d, func() {
			if err := errors.Join(server.StartServer(ours), client.Connect("ws://example.com/")); err != nil {
				t.Error(err)
			}
			if state != "connecting" {
				return
			}
			for call, start := range starters(t) {
				wantStateError(t, start(client), call, "the socket is connecting", "NewSocket")
			}
			for call, send := range senders(t) {
				wantStateError(t, send(client), call, "the socket is connecting", "QueueBeforeOpen")
			}
		})
	}
}

// TestErrorsOfAServerThatWaits checks that a server can send as soon as it has the
// request, but not before.
func TestErrorsOfAServerThatWaits(t *testing.T) {
	theirs, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	wstest.Run(t, d, func() {
		if err := s.StartServer(ours); err != nil {
			t.Error(err)
		}
		for call, send := range senders(t) {
			wantStateError(t, send(s), call, "the socket is connecting", "OnOpen")
		}
		theirs.Close()
	})
}

// TestErrorsOfPartsBeforeOpen checks that what is not kept before the open event is refused
// by a client that keeps other messages, and by a server that has the request, and that the
// error says what to do.
func TestErrorsOfPartsBeforeOpen(t *testing.T) {
	check := func(s *airsocket.Socket) {
		for call, send := range map[string]func(wire.Kind, []byte, bool) error{"SendPart": s.SendPart, "SendUncompressed": s.SendUncompressed} {
			wantStateError(t, send(wire.Text, []byte("x"), true), call, "the socket is connecting, and Options.QueueBeforeOpen does not keep what "+call+" sends", "in the handler of OnOpen")
		}
		if err := s.Send("kept"); err != nil {
			t.Error(err)
		}
	}
	srv := new(airsocket.Server)
	srv.OnConnect(check)
	url := wstest.Serve(t, srv)
	d := new(airsocket.Dispatcher)
	var got []string
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, QueueBeforeOpen: true})
		s.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, e.Text()); s.Close(1000, "") })
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
		check(s)
	})
	if len(got) != 1 || got[0] != "kept" {
		t.Errorf("received %q", got)
	}
}

// TestErrorsOfASecondAnswer checks that a request can be answered only once.
func TestErrorsOfASecondAnswer(t *testing.T) {
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) {
		if _, err := r.Accept(""); err != nil {
			t.Error(err)
		}
		_, err := r.Accept("")
		wantStateError(t, err, "Accept", "already been answered", "")
		wantStateError(t, r.Reject(404, ""), "Reject", "already been answered", "")
	})
	wstest.ConnectRaw(t, wstest.Serve(t, srv)).Close()
}
