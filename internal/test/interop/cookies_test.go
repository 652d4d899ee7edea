package interop

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestInteropCookies sends a cookie to WebSocket-Node's server, which answers
// with another.
func TestInteropCookies(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	here := &url.URL{Scheme: "http", Host: "127.0.0.1", Path: "/"}
	jar.SetCookies(here, []*http.Cookie{{Name: "sid", Value: "42"}})
	server := peer{implementation: node("websocket.js", "websocket"), role: "server", version: wire.Hybi13}
	us, them := server.connect(t, &setup{ours: airsocket.Options{Jar: jar}, asks: []string{"b"}})
	us.want("open")
	if r := them.want("open"); r.Header["cookie"] != "sid=42" {
		t.Errorf("the server received the cookies %q", r.Header["cookie"])
	}
	for _, c := range jar.Cookies(here) {
		if c.Name == "sid-seen" && c.Value == "42" {
			return
		}
	}
	t.Errorf("the jar has %v", jar.Cookies(here))
}

// TestInteropChromiumCookies reads a page's cookie from its request, and sets
// another with the answer.
func TestInteropChromiumCookies(t *testing.T) {
	b := startBrowser(t)
	srv := &airsocket.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "42", HttpOnly: true})
		blankPage(w, r)
	})}
	srv.OnRequest(func(r *airsocket.Request) {
		for _, c := range r.Cookies() {
			r.SetCookie(&http.Cookie{Name: c.Name + "-seen", Value: c.Value})
		}
		r.Accept("")
	})
	p := b.open(t, strings.Replace(wstest.Serve(t, srv), "ws", "http", 1))
	p.Evaluate(`new Promise(resolve => {
		ws = new WebSocket(location.href.replace("http", "ws"));
		ws.onopen = resolve;
	})`)
	if got := p.Evaluate("document.cookie"); got != "sid-seen=42" {
		t.Errorf("the page has the cookies %v", got)
	}
}
