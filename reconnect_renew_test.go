package airsocket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/handshake"
)

// A renewer notes the requests of a client with Reconnect.Renew.
type renewer struct {
	*keeper
	calls int // of Renew
}

// refuses notes the request and refuses it.
func (r *renewer) refuses(status int) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			r.t.Error(err)
			return
		}
		r.note("%s%s %q", req.Host, req.URL, req.Header.Values("Authorization"))
		fmt.Fprintf(c, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n", status)
	}
}

func newRenewer(t *testing.T, o *Options, renew func(*renewer, context.Context) (string, http.Header, error)) *renewer {
	r := new(renewer)
	o.Reconnect.Renew = func(ctx context.Context, s *Socket) (string, http.Header, error) {
		if s != r.s {
			t.Error("Renew gets another Socket")
		}
		r.calls++
		return renew(r, ctx)
	}
	r.keeper = newKeeper(t, o, nil)
	return r
}

func token(n int) http.Header {
	return http.Header{"Authorization": {fmt.Sprint("Bearer ", n)}}
}

// TestReconnectRenews checks that Renew is called before each attempt but the first, that
// the attempt uses what it returns, and that an empty URL and a nil header change nothing.
func TestReconnectRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &Options{Reconnect: &Reconnect{MaxAttempts: 4}, Header: token(0)}
		r := newRenewer(t, o, func(r *renewer, ctx context.Context) (string, http.Header, error) {
			r.note("renew %s", r.s.URL())
			switch r.calls {
			case 1:
				return "ws://one/a?token=1", nil, nil
			case 2:
				return "", token(2), nil
			case 3:
				return "", nil, nil
			}
			return "http://four/", http.Header{}, nil
		})
		r.serve = []func(net.Conn){r.refuses(503)}
		r.run()
		r.want(seconds(0, 0.5, 1.5, 3.5, 7.5),
			`test/ ["Bearer 0"]`, "error", "close 1006, again in 500ms",
			"renew ws://test/", `one/a?token=1 ["Bearer 0"]`, "error", "close 1006, again in 1s",
			"renew ws://one/a?token=1", `one/a?token=1 ["Bearer 2"]`, "error", "close 1006, again in 2s",
			"renew ws://one/a?token=1", `one/a?token=1 ["Bearer 2"]`, "error", "close 1006, again in 4s",
			"renew ws://one/a?token=1", `four/ []`, "error", "close 1006")
		if url := r.s.URL(); url != "http://four/" {
			t.Errorf("URL is %s", url)
		}
		// What Renew has returned is forgotten by the next Connect.
		r.events, r.dials, r.begin, r.calls = nil, nil, time.Now(), 2
		AddEventListener(r.s, EventClose, func(*CloseEvent) { r.s.Close(1000, "") })
		r.run()
		r.want(seconds(0), `test/ ["Bearer 0"]`, "error", "close 1006, again in 500ms")
	})
}

// TestReconnectRenewsAfterRefusal checks that a refusal of what Connect was given is not
// final if there is a Renew function, but a refusal of what Renew has returned is.
func TestReconnectRenewsAfterRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRenewer(t, &Options{Reconnect: &Reconnect{}}, func(r *renewer, ctx context.Context) (string, http.Header, error) {
			return "", token(r.calls), nil
		})
		r.serve = []func(net.Conn){r.refuses(401), accepts(closes(StatusGoingAway)), r.refuses(401)}
		r.run()
		r.want(seconds(0, 0.5, 1.5),
			`test/ []`, "error", "close 1006, again in 500ms",
			"open 0", "close 1001, again in 1s",
			`test/ ["Bearer 2"]`, "error", "close 1006")
	})
}

// TestReconnectRenewFails checks what follows when Renew returns an error, or something
// that Connect would refuse.
func TestReconnectRenewFails(t *testing.T) {
	errNoToken := errors.New("no token")
	for _, test := range []struct {
		name   string
		url    string
		header http.Header
		err    error
		want   error
		stops  bool
	}{
		{name: "an error", err: errNoToken, want: errNoToken},
		{name: "an end", err: fmt.Errorf("logged out: %w", ErrAborted), want: ErrAborted, stops: true},
		{name: "a refusal", err: &handshake.Error{Status: 403}, want: nil},
		{name: "a bad URL", url: "ftp://x/", want: ErrURL},
		{name: "a bad header", header: http.Header{"A B": {""}}, want: handshake.ErrBadField},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var errs []error
				r := newRenewer(t, &Options{Reconnect: &Reconnect{MaxAttempts: 2}}, func(r *renewer, _ context.Context) (string, http.Header, error) {
					if r.calls == 2 {
						return "ws://good/", http.Header{}, nil
					}
					return test.url, test.header, test.err
				})
				r.serve = []func(net.Conn){nil, accepts(closes(1000))}
				AddEventListener(r.s, EventError, func(e *ErrorEvent) { errs = append(errs, e.Err) })
				r.run()
				if test.stops {
					r.want(seconds(0), "error", "close 1006, again in 500ms", "error", "close 1006")
				} else {
					r.want(seconds(0, 1.5), "error", "close 1006, again in 500ms", "error", "close 1006, again in 1s", "open 0", "close 1000")
				}
				if len(errs) != 2 {
					t.Fatalf("errors %q", errs)
				}
				if err := errs[1]; test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), "Reconnect.Renew") {
					t.Errorf("the error is %v, want %v", err, test.want)
				}
			})
		})
	}
}

// TestReconnectRenewBlocks checks that Renew may block outside of turns until the attempt
// takes too long or is ended, and that its context is done then.
func TestReconnectRenewBlocks(t *testing.T) {
	for _, test := range []struct {
		name  string
		end   func(*Socket)
		after time.Duration // when it ends; Renew begins after 5 s
		last  error
	}{
		{"HandshakeTimeout", nil, 35 * time.Second, ErrHandshakeTimeout},
		{"Close", func(s *Socket) { s.Close(1000, "") }, 6 * time.Second, ErrAborted},
		{"Drop", func(s *Socket) { s.Drop(1000, "") }, 6 * time.Second, ErrAborted},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var last error
				r := newRenewer(t, &Options{Reconnect: &Reconnect{Min: 10 * time.Second, MaxAttempts: 1}}, func(r *renewer, ctx context.Context) (string, http.Header, error) {
					if took := time.Since(r.begin); took != 5*time.Second {
						t.Errorf("Renew is called after %v", took)
					}
					r.d.Post(func() {
						if st := r.s.ReadyState(); st != StateConnecting {
							t.Errorf("ReadyState is %d", st)
						}
					})
					if test.end != nil {
						r.d.SetTimeout(func() { test.end(r.s) }, time.Second)
					}
					<-ctx.Done()
					return "", nil, ctx.Err()
				})
				r.s.OnError(func(e *ErrorEvent) { last = e.Err })
				r.run()
				r.want(seconds(0), "close 1006, again in 5s", "close 1006")
				if took := time.Since(r.begin); took != test.after {
					t.Errorf("ended after %v, want %v", took, test.after)
				}
				if !errors.Is(last, test.last) {
					t.Errorf("the last error is %v, want %v", last, test.last)
				}
			})
		})
	}
}

// TestReconnectRenewPanics checks that with Options.Recover a panic in Renew fails the
// attempt, and that a Renew that ends its goroutine, as a failing test does, ends the
// attempt too.
func TestReconnectRenewPanics(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("lost") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var errs []error
				r := newRenewer(t, &Options{Recover: true, Reconnect: &Reconnect{}}, func(r *renewer, ctx context.Context) (string, http.Header, error) {
					if r.calls == 1 {
						end()
					}
					return "", nil, nil
				})
				r.serve = []func(net.Conn){nil, accepts(closes(1000))}
				r.s.OnError(func(e *ErrorEvent) { errs = append(errs, e.Err) })
				r.run()
				r.want(seconds(0, 1.5), "close 1006, again in 500ms", "close 1006, again in 1s", "open 0", "close 1000")
				if name == "panic" {
					if p, ok := errors.AsType[*PanicError](errs[len(errs)-1]); !ok || p.Value != "lost" {
						t.Errorf("errors %q", errs)
					}
				}
			})
		})
	}
}
