package connecting

import (
	"crypto/tls"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// httpEcho starts an echo server in net/http. If before is not nil, it is
// called first; requests that it answers do not become WebSockets.
func httpEcho(t testing.TB, before http.HandlerFunc) *httptest.Server {
	t.Helper()
	return httptest.NewServer(httpEchoHandler(before))
}

func httpEchoHandler(before http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered := &answering{ResponseWriter: w}
		if before != nil {
			before(answered, r)
		}
		if answered.done {
			return
		}
		s := airsocket.NewSocket(wstest.OwnDispatcher(&airsocket.Options{Parallel: true, Header: w.Header().Clone()}))
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		s.Upgrade(w, r)
	})
}

// answering records whether there has been an answer.
type answering struct {
	http.ResponseWriter
	done bool
}

func (a *answering) WriteHeader(status int) {
	a.done = true
	a.ResponseWriter.WriteHeader(status)
}

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

func TestCookies(t *testing.T) {
	var got []string
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header["Cookie"]
		w.Header().Add("Set-Cookie", "accepted=1; Path=/")
		w.Header().Add("Set-Cookie", "too=\"2 3\"; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "elsewhere=1; Path=/other")
		if r.URL.Path == "/refuse" {
			w.Header().Set("Set-Cookie", "refused=1; Path=/")
			w.WriteHeader(http.StatusTeapot)
		}
	})
	defer srv.Close()
	jar := newJar(t)
	for _, step := range []struct{ path, sent string }{
		{"/refuse", ""},
		{"/", "refused=1"},
		{"/", `refused=1; accepted=1; too="2 3"`},
	} {
		a := wstest.Try(t, &airsocket.Options{Jar: jar}, "ws://"+srv.Listener.Addr().String()+step.path)
		if step.path == "/" {
			a.WantEcho(t)
		} else if a.Err.Status != http.StatusTeapot {
			t.Errorf("error event: %v", a.Err.Err)
		}
		if step.sent == "" && len(got) != 0 || step.sent != "" && (len(got) != 1 || got[0] != step.sent) {
			t.Errorf("the cookies sent were %q, want %q", got, step.sent)
		}
	}
	// Without the jar, no cookies are sent.
	wstest.Try(t, &airsocket.Options{}, "ws://"+srv.Listener.Addr().String()).WantEcho(t)
	if len(got) != 0 {
		t.Errorf("the cookies sent without a jar were %q", got)
	}
}

// TestCookiesJoinThoseOfHeader checks that a request has at most one Cookie
// field.
func TestCookiesJoinThoseOfHeader(t *testing.T) {
	var got []string
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header["Cookie"] })
	defer srv.Close()
	jar := newJar(t)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "b", Value: "2"}})
	header := http.Header{"cookie": {"a=1"}}
	for range 2 {
		wstest.Try(t, &airsocket.Options{Jar: jar, Header: header}, "ws://"+u.Host).WantEcho(t)
		if len(got) != 1 || got[0] != "a=1; b=2" {
			t.Errorf("the cookies sent were %q", got)
		}
	}
}

// TestCookiesSecure uses host names, because jars may treat loopback addresses
// as secure.
func TestCookiesSecure(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	jar := newJar(t)
	jar.SetCookies(&url.URL{Scheme: "https", Host: "server.example"}, []*http.Cookie{{Name: "s", Value: "1", Secure: true}})
	var got string
	look := func(w http.ResponseWriter, r *http.Request) { got = r.Header.Get("Cookie") }
	secure := httptest.NewUnstartedServer(httpEchoHandler(look))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate("server.example"))}}
	secure.StartTLS()
	defer secure.Close()
	plain := httpEcho(t, look)
	defer plain.Close()
	hosts := &names{map[string]string{
		"server.example:443": secure.Listener.Addr().String(),
		"server.example:80":  plain.Listener.Addr().String(),
	}}
	for url, want := range map[string]string{"wss://server.example/": "s=1", "ws://server.example/": ""} {
		wstest.Try(t, &airsocket.Options{Jar: jar, TLS: root.ClientConfig(), Dial: hosts.dial}, url).WantEcho(t)
		if got != want {
			t.Errorf("the cookie sent to %s was %q, want %q", url, got, want)
		}
	}
}
