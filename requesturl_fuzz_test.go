package airsocket

import (
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

// FuzzRequestURL checks that the URL of a request is a path, and has nothing that a program
// could take for another host.
func FuzzRequestURL(f *testing.F) {
	for _, s := range []string{"/", "/chat?room=1", "//evil.test/x", "/%zz", "/a%2fb", "/\xff", "/x:y@z", "///"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		var hs handshake.Server
		_, done, err := hs.Feed([]byte("GET " + target + " HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"))
		if err != nil || !done {
			return
		}
		r := &Request{Request: hs.Request()}
		u := r.URL()
		if u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
			t.Errorf("%q: %#v", target, u)
		}
		path, query, _ := strings.Cut(r.Target, "?")
		plain, err := url.PathUnescape(path)
		if err != nil {
			plain, query = r.Target, ""
		}
		if u.Path != plain || u.RawQuery != query {
			t.Errorf("%q: the path is %q and the query %q", r.Target, u.Path, u.RawQuery)
		}
	})
}
