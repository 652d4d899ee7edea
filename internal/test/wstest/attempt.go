package wstest

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
)

// An Attempt is the outcome of a Connect. If the connection opened, a message
// was sent, which the server should have echoed, and the connection was closed.
type Attempt struct {
	Opened bool
	echo   string
	Err    *airsocket.ErrorEvent // nil without an error event
}

// Try connects to url and returns when the socket is closed. It sets the
// Dispatcher of opts, which can therefore be used for one attempt only. Each setup
// is called before Connect.
func Try(t testing.TB, opts *airsocket.Options, url string, setup ...func(*airsocket.Socket)) *Attempt {
	t.Helper()
	a := new(Attempt)
	d := new(airsocket.Dispatcher)
	opts.Dispatcher = d
	Run(t, d, func() {
		s := airsocket.NewSocket(opts)
		s.OnOpen(func(*airsocket.OpenEvent) {
			a.Opened = true
			s.Send("hello")
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			a.echo = e.Text()
			s.Close(1000, "")
		})
		s.OnError(func(e *airsocket.ErrorEvent) { a.Err = e })
		for _, f := range setup {
			f(s)
		}
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
	})
	return a
}

// WantEcho reports an error unless the message came back.
func (a *Attempt) WantEcho(t testing.TB) {
	t.Helper()
	if a.Err != nil {
		t.Errorf("error event: %v", a.Err.Err)
	}
	if a.echo != "hello" {
		t.Errorf("the message came back as %q", a.echo)
	}
}

// Fails returns the error of an attempt, which must have failed with an E.
func Fails[E error](t testing.TB, a *Attempt) E {
	t.Helper()
	if a.Opened || a.Err == nil {
		t.Fatalf("opened: %v, error event: %v", a.Opened, a.Err)
	}
	e, ok := errors.AsType[E](a.Err.Err)
	if !ok {
		t.Fatalf("error event: %v, want a %T", a.Err.Err, e)
	}
	return e
}

// HostOf returns the host and port of a URL.
func HostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
