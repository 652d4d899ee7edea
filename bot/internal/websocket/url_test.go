package websocket

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/urls"
)

// FuzzURL parses arbitrary URLs. What is accepted is taken by Connect unchanged, so that the
// url of a WebSocket is what its constructor has parsed.
func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"ws://127.1/", "ws://0x7f.1/", "ws://127.0.0.1./", "ws://1.2.3/", "ws://017700000001/", "ws://\uff11\uff12\uff17.1/", "ws://0x/", "ws://a.0x/", "ws://1.2.3.4./",
		"ws://[0:0:0:0:0:0:0:1]/", "ws://[::ffff:1.2.3.4]/", "ws://[1:0:0:2:0:0:0:3]/", "ws://[FE80::1]:80/", "ws://[::1.2.3.4]:0/",
		"ws:h/a", "ws:\\\\h\\a", "http://H:00080/a", "wss://u:p@h:443/", "ws://:w@h/", "ws://u s:p%zz:x@h/", "ws://u|'`{}^[]@h/", "ws://%41@h/",
		"ws://h/a/../b/./c/%2e%2E/d/.", "ws://h/\u00e9\u20ac\U0001f600?q r\u00e9'\"<>`{}", "ws://h/\"<>`{}|^'~!$&()*+,;=:@[]", "ws://h/%zz/%", "ws://h/?", "ws://h?x?y", "ws://h/a\tb\nc\x00d\x7fe", "ws://h/\xff?\xff", "ws://h/\\..\\a?\\",
		"ws://b\u00fccher.example/", "ws://fa\u00df.example/", "ws://a\u3002b/", "ws://%68ost/", "ws://a_b/", "ws://-a-/", "ws://a..b/", "ws://a.../", "ws://.a/", "ws://a!$&'()*+,;=b/", "ws://a\"b`c{d}e~f/", "ws://xn--bcher-kva.example/", "ws://xn--a/",
		"../x", "//other/a", "?q", "", "#",
	} {
		f.Add(s)
	}
	page := new(urls.Page)
	if err := page.SetURL("http://page.example/one/two?three"); err != nil {
		f.Fatal(err)
	}
	options := &airsocket.Options{
		Rules: airsocket.RulesBrowser, Dispatcher: new(airsocket.Dispatcher),
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, net.ErrClosed },
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseURL(page, s)
		if err != nil {
			return
		}
		href := u.Href(false)
		if strings.ContainsAny(u.Hostname(), "\"`{}") {
			return // which no Host field may have (RFC 3986, section 3.2.2)
		}
		socket := airsocket.NewSocket(options)
		if err := socket.Connect(href); err != nil || socket.URL() != href {
			t.Errorf("%q is %q, of which Connect makes %q, %v", s, href, socket.URL(), err)
		}
		if again, err := parseURL(page, href); err != nil || again.Href(false) != href {
			t.Errorf("%q is %q, and then something else: %v", s, href, err)
		}
	})
}
