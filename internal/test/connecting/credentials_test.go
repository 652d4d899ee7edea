package connecting

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// wantNoSecret looks for "secret" in everything that a program may print for an
// error.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for text := fmt.Sprintf("%v %+v", err, err); err != nil; err = errors.Unwrap(err) {
		if strings.Contains(text, "secret") {
			t.Errorf("the error is %s", text)
			return
		}
		text = fmt.Sprintf("%v %+v", err, err)
	}
	var u *url.Error
	if errors.As(err, &u) {
		t.Errorf("the error has the URL: %q", u.URL)
	}
}

// urlsWithPassword are invalid, or not the URLs of a WebSocket.
var urlsWithPassword = []string{
	"ftp://user:secret@example.com/",
	"ws://user:secret@exa mple.com/",
	"ws://user:secret@example.com:port/",
	"ws://user:secret%zz@example.com/",
	"ws://user:%secret@example.com/",
	"ws://user:se cret secret@example.com/",
	"ws://user:secret/@example.com/",
	"ws://user:secret?@example.com/",
	"ws://user:secret#@example.com/",
	"ws://user:12/secret@example.com/#",
	"ws://user:secret@secret@example.com/#",
	"ws://user@example.com:secret@example.com/#",
	"user:secret@example.com",
	"user:secret://@example.com",
	"ws:user:secret@example.com",
	"://user:secret@example.com/",
	"ws://user:secret@[::1/",
	"ws://user:secret@example.com/\x7f",
	"ws+unix://user:secret@host/run/socket:/",
	"ws+unix://user:secret@/run/socket:path",
}

func TestNoPasswordOfAURL(t *testing.T) {
	for _, raw := range urlsWithPassword {
		err := airsocket.NewSocket(nil).Connect(raw)
		if !errors.Is(err, airsocket.ErrURL) {
			t.Errorf("Connect(%q): %v, want ErrURL", raw, err)
			continue
		}
		wantNoSecret(t, err)
		if where := raw[strings.LastIndex(raw, "@")+1:]; !strings.Contains(err.Error(), strings.Trim(where, "/\x7f")) {
			t.Errorf("Connect(%q): %v, which does not name the host", raw, err)
		}
	}
}

// A server may send anything as the target of a redirect.
func TestNoPasswordOfARedirect(t *testing.T) {
	for _, location := range urlsWithPassword {
		if strings.ContainsAny(location, "#\x7f") || strings.HasPrefix(location, ":") {
			continue // it is a valid target, or no target at all
		}
		j := wstest.StartClient(t, func(o *airsocket.Options) { o.MaxRedirects = 3 }, nil, func(p *wstest.RawPeer) {
			p.ReadRequest()
			fmt.Fprintf(p, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", location)
			p.Close()
		})
		j.WantError(airsocket.ErrRedirect)
		if j.Err != nil {
			wantNoSecret(t, j.Err.Err)
		}
	}
}

func TestNoPasswordOfAProxy(t *testing.T) {
	nowhere := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody is there") }
	for _, raw := range []string{"http://user:secret@proxy.example/", "ftp://user:secret@proxy.example/", "http:user:secret@proxy.example", "http://user:secret@/"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		opts := &airsocket.Options{Dial: nowhere, Proxy: http.ProxyURL(u)}
		wantNoSecret(t, wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, opts, "ws://server.example/")))
	}
	for _, raw := range []string{"http://user:secret@exa mple.com/", "http://user:%zzsecret@proxy.example/"} {
		opts := &airsocket.Options{Dial: nowhere, Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(raw) }}
		wantNoSecret(t, wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, opts, "ws://server.example/")))
	}
}

// The error for an address without a scheme says what to add.
func TestURLWithoutScheme(t *testing.T) {
	for raw, want := range map[string]string{
		"127.0.0.1:8080":        `"ws://127.0.0.1:8080"`,
		"localhost:8080":        `"ws://localhost:8080"`,
		"localhost:8080/chat":   `"ws://localhost:8080/chat"`,
		"example.com":           `"ws://example.com"`,
		"example.com/chat":      `"ws://example.com/chat"`,
		"[::1]:8080":            `"ws://[::1]:8080"`,
		"user:pw@localhost:80/": "",
		"mailto:a@example.com":  "",
		"":                      "",
		"/chat":                 "",
		"ftp://example.com":     "",
	} {
		err := airsocket.NewSocket(nil).Connect(raw)
		if !errors.Is(err, airsocket.ErrURL) {
			t.Errorf("Connect(%q): %v", raw, err)
		} else if hint := strings.Contains(err.Error(), "ws://"); hint != (want != "") || !strings.Contains(err.Error(), want) {
			t.Errorf("Connect(%q): %v, want %s", raw, err, want)
		}
	}
}
