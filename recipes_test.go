package airsocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestRecipes checks that the code in RECIPES.md is that of this file, which is tested, and
// that the members that it names exist.
func TestRecipes(t *testing.T) {
	recipes, err := os.ReadFile("RECIPES.md")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile("recipes_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(recipes, -1)
	if len(blocks) != 10 {
		t.Errorf("RECIPES.md has %d blocks of code", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(string(here), "\n"+string(b[1])) {
			t.Errorf("this code of RECIPES.md is not in recipes_test.go:\n%s", b[1])
		}
	}
	names := regexp.MustCompile("`((?:Options|Request|Server|Socket)\\.\\w+)`").FindAllSubmatch(recipes, -1)
	if len(names) < 5 {
		t.Errorf("only %d names were found", len(names))
	}
	all := exportedNames(t)
	for _, name := range names {
		if err := all.check(string(name[1])); err != nil {
			t.Errorf("%s: %v", name[1], err)
		}
	}
}

func acceptSessions(srv *airsocket.Server, userOf func(session string) (user string, ok bool)) {
	srv.OnRequest(func(r *airsocket.Request) {
		session, err := r.HTTP().Cookie("session")
		if err != nil {
			r.Reject(http.StatusForbidden, "log in first")
			return
		}
		user, ok := userOf(session.Value)
		if !ok {
			r.Reject(http.StatusForbidden, "log in again")
			return
		}
		s, err := r.Accept("")
		if err != nil { // such as if the Server is shutting down
			return
		}
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello, " + user) })
	})
}

func TestRecipeCookie(t *testing.T) {
	srv := new(airsocket.Server)
	acceptSessions(srv, func(session string) (string, bool) { return "ann", session == "42" })
	url := wstest.Serve(t, srv)
	for cookie, want := range map[string]string{"session=42": "hello, ann", "session=43": "Forbidden log in again", "other=42": "Forbidden log in first"} {
		if got := recipeAnswer(t, url, &airsocket.Options{Header: http.Header{"Cookie": {cookie}}}); got != want {
			t.Errorf("%s: %s", cookie, got)
		}
	}
}

// recipeAnswer connects to url and returns the first message, or the status and the body of
// a refusal.
func recipeAnswer(t *testing.T, url string, opts *airsocket.Options) (answer string) {
	t.Helper()
	opts = wstest.OwnDispatcher(opts)
	wstest.Run(t, opts.Dispatcher, func() {
		s := airsocket.NewSocket(opts)
		s.OnMessage(func(e *airsocket.MessageEvent) {
			answer = e.Text()
			s.Close(1000, "")
		})
		s.OnError(func(e *airsocket.ErrorEvent) {
			answer = strings.TrimSpace(http.StatusText(e.Status) + " " + string(e.Body))
		})
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	return answer
}

func acceptTokens(srv *airsocket.Server, isValid func(token string) bool) {
	srv.OnRequest(func(r *airsocket.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !isValid(token) {
			r.ResponseHeader = http.Header{"Www-Authenticate": {"Bearer"}}
			r.Reject(http.StatusUnauthorized, "no valid token")
			return
		}
		r.Accept("")
	})
}

func withToken(token string) *airsocket.Options {
	return &airsocket.Options{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

func withNewTokens(token string, renew func(context.Context) (token string, err error)) *airsocket.Options {
	opts := withToken(token)
	opts.Reconnect = &airsocket.Reconnect{
		Renew: func(ctx context.Context, _ *airsocket.Socket) (string, http.Header, error) {
			token, err := renew(ctx)
			return "", http.Header{"Authorization": {"Bearer " + token}}, err
		},
	}
	return opts
}

func TestRecipeNewTokens(t *testing.T) {
	srv := new(airsocket.Server)
	acceptTokens(srv, func(token string) bool { return token == "new" })
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1000, "") })
	})
	url := wstest.Serve(t, srv)
	for _, c := range []struct {
		token, renewed string
		err            error
		want           []string // status codes of the refusals, and of the close event if it is clean
	}{
		{token: "new", want: []string{"1000"}},
		{token: "old", renewed: "new", want: []string{"401", "1000"}},
		{token: "old", renewed: "old", want: []string{"401", "401"}},
		{token: "old", err: airsocket.ErrAborted, want: []string{"401", "0"}},
	} {
		opts := wstest.OwnDispatcher(withNewTokens(c.token, func(context.Context) (string, error) { return c.renewed, c.err }))
		opts.Reconnect.Min = 1
		var got []string
		wstest.Run(t, opts.Dispatcher, func() {
			s := airsocket.NewSocket(opts)
			s.OnError(func(e *airsocket.ErrorEvent) { got = append(got, strconv.Itoa(e.Status)) })
			s.OnClose(func(e *airsocket.CloseEvent) {
				if e.WasClean {
					got = append(got, strconv.Itoa(int(e.Code)))
				}
			})
			if err := s.Connect(url); err != nil {
				t.Error(err)
			}
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func acceptTokenProtocols(srv *airsocket.Server, isValid func(token string) bool) {
	srv.OnRequest(func(r *airsocket.Request) {
		for _, p := range r.Protocols {
			if token, ok := strings.CutPrefix(p, "token."); ok && isValid(token) {
				if _, err := r.Accept("chat"); err == nil {
					return
				}
			}
		}
		r.Reject(http.StatusForbidden, "no valid token")
	})
}

func TestRecipeTokens(t *testing.T) {
	isValid := func(token string) bool { return token == "dG9rZW4" }
	greet := func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello " + s.Protocol()) })
	}
	bearer, protocols := new(airsocket.Server), new(airsocket.Server)
	acceptTokens(bearer, isValid)
	acceptTokenProtocols(protocols, isValid)
	bearer.OnConnect(greet)
	protocols.OnConnect(greet)
	first, second := wstest.Serve(t, bearer), wstest.Serve(t, protocols)
	for _, c := range []struct {
		url  string
		opts *airsocket.Options
		want string
	}{
		{first, withToken("dG9rZW4"), "hello"},
		{first, withToken("wrong"), "Unauthorized no valid token"},
		{first, new(airsocket.Options), "Unauthorized no valid token"},
		{second, &airsocket.Options{Protocols: []string{"chat", "token.dG9rZW4"}}, "hello chat"},
		{second, &airsocket.Options{Protocols: []string{"chat", "token.wrong"}}, "Forbidden no valid token"},
		{second, &airsocket.Options{Protocols: []string{"token.dG9rZW4"}}, "Forbidden no valid token"},
		{second, new(airsocket.Options), "Forbidden no valid token"},
	} {
		if got := strings.TrimSpace(recipeAnswer(t, c.url, c.opts)); got != c.want {
			t.Errorf("header %v, protocols %q: %s", c.opts.Header, c.opts.Protocols, got)
		}
	}
}

func useCertificate(srv *airsocket.Server, certFile, keyFile string) error {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	return nil
}

func TestRecipeTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	cert := root.Issue(t, wstest.ServerCertificate())
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	srv := wstest.Echoing(new(airsocket.Server))
	if err := useCertificate(srv, certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	l := wstest.ListenBy(t, wstest.ByTLS)
	url := wstest.Prepare(t, srv, l, wstest.ByTLS)
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
	wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, url).WantEcho(t)
}

func behindNginx() *airsocket.Server {
	nginx := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return &airsocket.Server{
		TrustedProxies: nginx, // for http, or ProxyProtocol for stream
		Options:        &airsocket.Options{PingInterval: 30 * time.Second},
	}
}

func TestRecipeNginx(t *testing.T) {
	srv := behindNginx()
	srv.OnRequest(func(r *airsocket.Request) {
		if ip := r.RemoteIP().String(); ip != "192.0.2.1" {
			t.Errorf("the client is %s", ip)
		}
		r.Accept("")
	})
	if res := ask(t, wstest.Serve(t, srv), "/", "X-Forwarded-For: 192.0.2.1"); res.StatusCode != 101 {
		t.Error(res.Status)
	}
}

// greet has the handlers that TestGreet tests.
func greet(s *airsocket.Socket) {
	s.OnOpen(func(*airsocket.OpenEvent) { s.Send("who are you?") })
	s.OnMessage(func(e *airsocket.MessageEvent) { s.Send("hello, " + e.Text()) })
}

func TestGreet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}
		client, server := airsocket.NewSocket(opts), airsocket.NewSocket(opts)
		greet(server)
		var got []string
		client.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, e.Text()) })
		if err := airsocket.Pipe(client, server); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the handlers have run
		client.Send("ann")
		synctest.Wait()
		if want := []string{"who are you?", "hello, ann"}; !slices.Equal(got, want) {
			t.Errorf("the client has received %q", got)
		}
		client.Close(1000, "")
	})
}

func serveUntil(ctx context.Context, l net.Listener, web *http.Server, srv *airsocket.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(web.Shutdown(ctx), srv.Shutdown(ctx))
}

func TestRecipeShutdown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	ended := make(chan error, 1)
	go func() { ended <- serveUntil(ctx, l, &http.Server{Handler: mux}, srv) }()
	p := wstest.ConnectRaw(t, "ws://"+l.Addr().String()+"/")
	cancel()
	p.WantClose(1001)
	p.Send(0x88, "\x03\xe9")
	p.FinishClose()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func serveUntilClosed(srv *airsocket.Server, l net.Listener, limit time.Duration) error {
	leaving := false
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			if leaving {
				s.Close(airsocket.StatusGoingAway, "restart")
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send("accepted: " + e.Text()) })
	})
	if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	srv.Options.Dispatcher.Run(func() { // or airsocket.Run, if there is none
		leaving = true
		srv.CloseAll(airsocket.StatusGoingAway, "restart")
	})
	return srv.Shutdown(ctx) // waits for the requests of srv.Handler, if there is one
}

func TestRecipeRestart(t *testing.T) {
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
	ended := make(chan error, 1)
	go func() { ended <- serveUntilClosed(srv, l, time.Hour) }()
	halfOpen, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer halfOpen.Close()
	p := wstest.ConnectRaw(t, "ws://"+l.Addr().String()+"/") // accepted after the other one
	p.Send(wstest.OpText, "x")
	if _, payload, err := p.ReadFrame(); payload != "accepted: x" {
		t.Errorf("%q %v", payload, err)
	}
	l.Close()
	p.WantClose(1001)
	p.Send(0x88, "\x03\xe9")
	p.FinishClose()
	if _, err := io.WriteString(halfOpen, wstest.UpgradeRequest); err != nil {
		t.Error(err)
	}
	if res, err := http.ReadResponse(bufio.NewReader(halfOpen), nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("the half-open connection: %v %v", res, err)
	}
	halfOpen.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestRecipeRestartHandler checks that requests that Handler serves are completed.
func TestRecipeRestartHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handling, answer := make(chan struct{}), make(chan struct{})
		srv := &airsocket.Server{
			Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(handling)
				<-answer
				w.WriteHeader(http.StatusNoContent)
			}),
		}
		l := newPipeListener()
		ended := make(chan error, 1)
		go func() { ended <- serveUntilClosed(srv, l, time.Hour) }()
		conn := l.dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
		<-handling
		l.Close()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Error("it has returned before the request was answered: ", err)
			ended <- err
		default:
		}
		close(answer)
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != http.StatusNoContent {
			t.Errorf("%v %v", res, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
