package connecting

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// redirecting redirects /302/?to=URL to URL with status 302, and /hops/3 to
// /echo by three redirects. It does not answer other paths.
func redirecting(w http.ResponseWriter, r *http.Request) {
	var status, hops int
	var to string
	if n, _ := fmt.Sscanf(r.URL.Path, "/hops/%d", &hops); n == 1 {
		to, status = "/echo", http.StatusFound
		if hops > 1 {
			to = fmt.Sprintf("/hops/%d", hops-1)
		}
	} else if n, _ := fmt.Sscanf(r.URL.Path, "/%d/", &status); n == 1 {
		to = r.URL.Query().Get("to")
	} else {
		return
	}
	if to != "" {
		w.Header().Set("Location", to)
	}
	w.WriteHeader(status)
}

func TestRedirectsAreFollowed(t *testing.T) {
	srv := httpEcho(t, redirecting)
	defer srv.Close()
	host := srv.Listener.Addr().String()
	for _, path := range []string{
		"/301/?to=/echo", "/302/?to=/echo", "/303/?to=/echo", "/307/?to=/echo", "/308/?to=/echo",
		"/302/?to=../echo%23fragment", "/302/?to=http://" + host + "/echo", "/302/?to=ws://" + host + "/echo", "/302/?to=//" + host, "/hops/3",
	} {
		a := wstest.Try(t, &airsocket.Options{MaxRedirects: 3}, "ws://"+host+path, func(s *airsocket.Socket) {
			s.OnClose(func(*airsocket.CloseEvent) {
				if got := s.URL(); got != "ws://"+host+path {
					t.Errorf("URL is %s", got)
				}
			})
		})
		if a.WantEcho(t); t.Failed() {
			t.Fatal(path)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	srv := httpEcho(t, redirecting)
	defer srv.Close()
	host := srv.Listener.Addr().String()
	for _, c := range []struct {
		max    int
		path   string
		status int
		is     error
	}{
		{0, "/302/?to=/echo", 302, handshake.ErrStatus},
		{-1, "/302/?to=/echo", 302, handshake.ErrStatus},
		{3, "/hops/4", 302, airsocket.ErrRedirect},
		{3, "/302/", 302, airsocket.ErrRedirect},
		{3, "/302/?to=ftp://example.com/", 302, airsocket.ErrRedirect},
		{3, "/302/?to=http://[/", 302, airsocket.ErrRedirect},
		{3, "/302/?to=ws%2Bunix:///run/socket", 302, airsocket.ErrRedirect},
		{3, "/300/?to=/echo", 300, handshake.ErrStatus},
		{3, "/304/?to=/echo", 304, handshake.ErrStatus},
		{3, "/201/?to=/echo", 201, handshake.ErrStatus},
	} {
		a := wstest.Try(t, &airsocket.Options{MaxRedirects: c.max}, "ws://"+host+c.path)
		refusal := wstest.Fails[*handshake.Error](t, a)
		if refusal.Status != c.status || a.Err.Status != c.status || !errors.Is(a.Err.Err, c.is) {
			t.Errorf("%s: error event: %v with status %d", c.path, a.Err.Err, a.Err.Status)
		}
		if followed := errors.Is(a.Err.Err, airsocket.ErrRedirect); followed != (c.is == airsocket.ErrRedirect) {
			t.Errorf("%s: ErrRedirect is %v", c.path, followed)
		}
	}
}

func TestRedirectBetweenTLSAndNone(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	secure := httptest.NewUnstartedServer(httpEchoHandler(redirecting))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	secure.StartTLS()
	defer secure.Close()
	plain := httpEcho(t, redirecting)
	defer plain.Close()

	opts := &airsocket.Options{MaxRedirects: 1, TLS: root.ClientConfig()}
	wstest.Try(t, opts, strings.Replace(plain.URL, "http:", "ws:", 1)+"/302/?to="+secure.URL+"/echo").WantEcho(t)
	opts = &airsocket.Options{MaxRedirects: 1, TLS: root.ClientConfig()}
	a := wstest.Try(t, opts, strings.Replace(secure.URL, "https:", "wss:", 1)+"/302/?to="+plain.URL+"/echo")
	if a.Opened || !errors.Is(a.Err.Err, airsocket.ErrRedirect) {
		t.Errorf("from wss to ws: opened %v, error event %v", a.Opened, a.Err)
	}
}

// TestRedirectCredentials checks that credentials are sent only to the host
// that they are for.
func TestRedirectCredentials(t *testing.T) {
	var seen []string
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, fmt.Sprintf("%s %s %s %s", r.Host, r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Other")))
		redirecting(w, r)
	})
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	hosts := &names{map[string]string{"a.example:80": addr, "b.example:80": addr, "a.example:81": addr}}
	const basic = "Basic dTpw" // u:p
	for _, c := range []struct {
		name, url string
		header    http.Header
		want      []string
	}{
		{"the same host", "ws://u:p@a.example/302/?to=/echo", nil,
			[]string{"a.example " + basic + "  ", "a.example " + basic + "  "}},
		{"the same host by name", "ws://u:p@a.example/302/?to=ws://A.example:80/echo", nil,
			[]string{"a.example " + basic + "  ", "a.example " + basic + "  "}},
		{"another host", "ws://u:p@a.example/302/?to=http://b.example/echo", nil,
			[]string{"a.example " + basic + "  ", "b.example   "}},
		{"another port", "ws://u:p@a.example/302/?to=http://a.example:81/echo", nil,
			[]string{"a.example " + basic + "  ", "a.example:81   "}},
		{"fields of the program", "ws://a.example/302/?to=http://b.example/echo",
			http.Header{"authorization": {"Bearer x"}, "Cookie": {"c=1"}, "X-Other": {"other"}},
			[]string{"a.example Bearer x c=1 other", "b.example   other"}},
		{"back again", "ws://a.example/302/?to=http://b.example/302/?to=http://a.example/echo",
			http.Header{"Authorization": {"Bearer x"}},
			[]string{"a.example Bearer x  ", "b.example   ", "a.example   "}},
		{"credentials of the redirect", "ws://u:p@a.example/302/?to=http://v:q@b.example/echo", nil,
			[]string{"a.example " + basic + "  ", "b.example Basic djpx  "}},
	} {
		seen = nil
		wstest.Try(t, &airsocket.Options{MaxRedirects: 2, Header: c.header, Dial: hosts.dial}, c.url).WantEcho(t)
		if !slices.Equal(seen, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, seen, c.want)
		}
	}
}

func TestRedirectCookies(t *testing.T) {
	var got []string
	srv := httpEcho(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, strings.Join(r.Header["Cookie"], " and ")+" "+r.Header.Get("X-Other"))
		if r.URL.Path != "/echo" {
			w.Header().Set("Set-Cookie", "session=2; Path=/")
			redirecting(w, r)
		}
	})
	defer srv.Close()
	jar := newJar(t)
	jar.SetCookies(&url.URL{Scheme: "http", Host: srv.Listener.Addr().String()}, []*http.Cookie{{Name: "session", Value: "1"}})
	opts := &airsocket.Options{MaxRedirects: 1, Jar: jar, Header: http.Header{"Cookie": {"own=1"}, "X-Other": {"other"}}}
	wstest.Try(t, opts, strings.Replace(srv.URL, "http:", "ws:", 1)+"/302/?to=/echo").WantEcho(t)
	if want := []string{"own=1; session=1 other", "own=1; session=2 other"}; !slices.Equal(got, want) {
		t.Errorf("the cookies sent were %q, want %q", got, want)
	}
}

// TestRedirectUnix checks that a redirect stays on the unix socket unless it
// names another host.
func TestRedirectUnix(t *testing.T) {
	srv := httptest.NewUnstartedServer(httpEchoHandler(redirecting))
	srv.Listener.Close()
	path := t.TempDir() + "/socket"
	srv.Listener = listenUnix(t, path)
	srv.Start()
	defer srv.Close()
	for _, to := range []string{"/echo", "http://localhost/echo"} {
		wstest.Try(t, &airsocket.Options{MaxRedirects: 1}, "ws+unix://"+path+":/302/?to="+to).WantEcho(t)
	}
}
