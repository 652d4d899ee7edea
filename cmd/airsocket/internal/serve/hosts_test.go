package serve_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// statusFor returns the status of the answer to a request with these fields.
func statusFor(t *testing.T, c net.Conn, host, origin string) int {
	t.Helper()
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+host+"\r\nOrigin: "+origin+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// TestRebinding checks that with -exec and -tcp a page whose host name leads to this machine
// for a moment is not one of the server's own.
func TestRebinding(t *testing.T) {
	t.Parallel()
	target := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	const accepted, refused = http.StatusSwitchingProtocols, http.StatusForbidden
	for _, flags := range [][]string{{"--tcp", target}, {"--exec", os.Args[0], "--", "-test.run=^$"}} {
		s := clitest.StartServe(t, append([]string{"--origin", "https://app.example", "--listen", "localhost:0"}, flags...)...)
		address := strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/")
		for _, test := range []struct {
			host, origin string
			want         int
		}{
			{"evil.example:10081", "http://evil.example:10081", refused},
			{"evil.example", "http://evil.example", refused},
			{"localhost.evil.example", "http://localhost.evil.example", refused},
			{"127.0.0.1.evil.example", "http://127.0.0.1.evil.example", refused},
			{"evillocalhost", "http://evillocalhost", refused},
			{address, "http://" + address, accepted},
			{"[::1]:10081", "http://[::1]:10081", accepted},
			{"localhost:10081", "http://localhost:10081", accepted},
			{"LOCALHOST", "http://localhost", accepted},
			{"app.localhost:1", "http://app.localhost:1", accepted},
			{"127.0.0.1", "http://evil.example", refused},
			{"app.example", "https://app.example", accepted}, // behind a proxy
			{"127.0.0.1", "https://app.example", accepted},
		} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			if got := statusFor(t, c, test.host, test.origin); got != test.want {
				t.Errorf("%q: a page of %s that asks %s gets %d, want %d", flags, test.origin, test.host, got, test.want)
			}
		}
	}
	s := clitest.StartServe(t, "--tls-self-signed", "--tcp", target) // which no other machine can be
	c, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL(), "wss:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := statusFor(t, c, "box.example", "https://box.example"); got != accepted {
		t.Errorf("with TLS its own page gets %d", got)
	}
}
