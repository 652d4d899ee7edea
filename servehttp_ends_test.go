package airsocket_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// An asserting is a ResponseWriter like that of much middleware, whose Hijack method
// panics if the one below has none.
type asserting struct{ http.ResponseWriter }

func (w asserting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// TestUpgradePanics checks that nothing is left of a Socket when a ResponseWriter panics,
// which net/http catches.
func TestUpgradePanics(t *testing.T) {
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		s.Upgrade(asserting{httptest.NewRecorder()}, r)
	}()
	if st := s.ReadyState(); st != airsocket.StateClosed {
		t.Fatalf("the state is %d", st)
	}
	wstest.Run(t, d, func() {}) // returns, because nothing is left
}

// TestServeHTTPOverHTTP2 checks that a request over HTTP/2 is refused without the fields of
// a connection, with which a response is malformed (RFC 9113, section 8.2.2).
func TestServeHTTPOverHTTP2(t *testing.T) {
	web := httptest.NewUnstartedServer(&airsocket.Server{})
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	res, err := web.Client().Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusUpgradeRequired || res.Header.Get("Upgrade") != "" || res.Header.Get("Connection") != "" {
		t.Errorf("%s %s %v", res.Proto, res.Status, res.Header)
	}
}

// A route is what a router keeps in the context of a request, and uses for another one
// when its handler has returned.
type route struct{ room string }

// TestServeHTTPWithReusedValues checks that middleware is not left before OnRequest and
// OnConnect were called, however long the request waits for its answer.
func TestServeHTTPWithReusedValues(t *testing.T) {
	for name, answer := range map[string]func(*airsocket.Request){
		"accepted": func(r *airsocket.Request) { r.Accept("") },
		"rejected": func(r *airsocket.Request) { r.Reject(http.StatusForbidden, "") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
				check := func(when string, r *http.Request) {
					if got := r.Context().Value(userKey{}).(*route).room; got != "blue" {
						t.Errorf("%s: room %q", when, got)
					}
				}
				srv.OnRequest(func(r *airsocket.Request) {
					check("OnRequest", r.HTTP())
					go func() {
						synctest.Wait() // everything else waits for the answer
						check("before the answer", r.HTTP())
						answer(r)
					}()
				})
				srv.OnConnect(func(s *airsocket.Socket) { check("OnConnect", s.HTTPRequest()) })
				l := newPipeListener()
				web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					reused := &route{"blue"}
					srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, reused)))
					reused.room = "red"
				})}
				go web.Serve(l)
				defer web.Close()
				p := wstest.NewRawPeer(t, l.dial(), true)
				p.WriteRaw([]byte(wstest.UpgradeRequest))
				p.ReadResponse()
				p.Close()
				synctest.Wait()
				srv.Close()
			})
		})
	}
}

// TestServeHTTPReturns checks that ServeHTTP returns although a function of the Server ends
// its goroutine, as a failing test does.
func TestServeHTTPReturns(t *testing.T) {
	for name, set := range map[string]func(*airsocket.Server){
		"OnRequest": func(srv *airsocket.Server) { srv.OnRequest(func(*airsocket.Request) { runtime.Goexit() }) },
		"OnConnect": func(srv *airsocket.Server) { srv.OnConnect(func(*airsocket.Socket) { runtime.Goexit() }) },
	} {
		srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
		set(srv)
		returned := make(chan struct{})
		url := wstest.ServeHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			srv.ServeHTTP(w, r)
			close(returned)
		}))
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.UpgradeRequest))
		p.SkipToEnd()
		select {
		case <-returned:
		case <-time.After(wstest.Patience):
			t.Errorf("ServeHTTP does not return after Goexit in the function of %s", name)
		}
	}
}

// TestServeHTTPFarTooMany checks that a request that comes when a Server refuses as many
// others as it can is refused as one too many, too.
func TestServeHTTPFarTooMany(t *testing.T) {
	failures := make(chan error, 200)
	srv := &airsocket.Server{MaxConns: 1, Options: wstest.OwnDispatcher(&airsocket.Options{Hooks: &airsocket.Hooks{
		HandshakeFailed: func(_ *airsocket.Socket, err error) { failures <- err },
	}})}
	url := wstest.ServeHandler(t, srv)
	defer srv.Close()
	wstest.ConnectRaw(t, url)
	for range 128 {
		p := wstest.DialRaw(t, url) // stays, so that the Server waits for its end
		p.WriteRaw([]byte(wstest.UpgradeRequest))
		if status := p.ReadResponse().StatusCode; status != http.StatusServiceUnavailable {
			t.Fatalf("status %d", status)
		}
	}
	p := wstest.DialRaw(t, url)
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	err := <-failures
	if he, ok := errors.AsType[*handshake.Error](err); !ok || he.Reason != "too many connections" {
		t.Errorf("HandshakeFailed: %v", err)
	}
	if status := p.ReadResponse().StatusCode; status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

// TestServeHTTPDoesNotWaitForThePeer checks that ServeHTTP returns although the client does
// not read the response that opens the connection.
func TestServeHTTPDoesNotWaitForThePeer(t *testing.T) {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
	returned := make(chan struct{})
	l := newPipeListener()
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r)
		close(returned)
	})}
	go web.Serve(l)
	defer web.Close()
	defer srv.Close()
	p := wstest.NewRawPeer(t, l.dial(), true)
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	select {
	case <-returned:
	case <-time.After(wstest.Patience):
		t.Error("ServeHTTP waits for the client")
	}
	p.ReadResponse()
}
