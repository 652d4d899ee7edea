package airsocket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestContextAskedForLate checks that the context of a Socket ends although it is asked for
// when the connection is ending already, in the handler of the error event.
func TestContextAskedForLate(t *testing.T) {
	theirs, ours := wstest.TCPPair(t)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
	var ctx context.Context
	s.OnError(func(*airsocket.ErrorEvent) { ctx = s.Context() })
	closed := make(chan error, 1)
	s.OnClose(func(*airsocket.CloseEvent) { closed <- context.Cause(ctx) })
	if err := s.StartServer(ours); err != nil {
		t.Fatal(err)
	}
	p := wstest.NewRawPeer(t, theirs, true)
	p.Open()
	p.Close()
	if err := <-closed; err != wire.ErrUnexpectedEnd {
		t.Errorf("in the close event the cause is %v", err)
	}
	if err := context.Cause(s.Context()); err != wire.ErrUnexpectedEnd {
		t.Errorf("after the close event the cause is %v", err)
	}
}

// TestContextValues checks that a Socket from net/http has the values of the request's
// context, whoever has added them, and whatever was added afterwards. If nobody has added any, the
// request's context is not kept.
func TestContextValues(t *testing.T) {
	const nobody = "nobody"
	add := func(ctx context.Context) context.Context { return context.WithValue(ctx, userKey{}, "ann") }
	for name, set := range map[string]func(*http.Server){
		"BaseContext": func(web *http.Server) {
			web.BaseContext = func(net.Listener) context.Context { return add(context.Background()) }
		},
		"ConnContext": func(web *http.Server) {
			web.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return add(ctx) }
		},
		nobody: func(*http.Server) {},
		"middleware that cancels": func(web *http.Server) {
			next := web.Handler
			web.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(add(r.Context()))
				defer cancel()
				next.ServeHTTP(w, r.WithContext(ctx))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
			srv.OnConnect(func(s *airsocket.Socket) {
				s.OnMessage(func(*airsocket.MessageEvent) {
					s.Send(fmt.Sprint("user ", s.Context().Value(userKey{}), ", kept: ", s.Context().Value(http.ServerContextKey) != nil))
				})
			})
			web := httptest.NewUnstartedServer(srv)
			set(web.Config)
			web.Start()
			defer web.Close()
			defer srv.Close()
			p := wstest.ConnectRaw(t, "ws"+strings.TrimPrefix(web.URL, "http")+"/")
			p.Send(wstest.OpText, "who?")
			if name == nobody {
				p.Want(wstest.OpText, "user <nil>, kept: false")
			} else {
				p.Want(wstest.OpText, "user ann, kept: true")
			}
		})
	}
}

// TestContextAfterHandler checks that nothing is kept of net/http for an opening handshake
// that follows a request to Server.Handler.
func TestContextAfterHandler(t *testing.T) {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil), Handler: http.NotFoundHandler()}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send(fmt.Sprint("kept: ", s.Context().Value(http.ServerContextKey) != nil))
		})
	})
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	res, err := http.ReadResponse(p.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	p.Open()
	p.Want(wstest.OpText, "kept: false")
}
