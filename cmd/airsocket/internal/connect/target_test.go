package connect_test

import (
	"net"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

func TestURLWithoutScheme(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	host := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "ws://"), "/")
	_, port, _ := net.SplitHostPort(host)
	for _, url := range []string{host, host + "/", "localhost:" + port, host + "/path?see=http://other.example/"} {
		r := clitest.Execute(t, nil, "connect", url, "-x", "hello", "-wait", "200ms")
		if r.Want(t, exit.OK, "* open ws://"+url); r.Stdout != "hello\n" {
			t.Errorf("%s: stdout is %q", url, r.Stdout)
		}
	}
	for in, want := range map[string]string{
		"example.com":              "ws://example.com",
		"user:pass@example.com:80": "ws://user:pass@example.com:80",
		"[::1]:8080/x":             "ws://[::1]:8080/x",
		"wss://example.com":        "wss://example.com",
		"HTTP://example.com":       "HTTP://example.com",
		"ws+unix:///run/a:/b":      "ws+unix:///run/a:/b",
		"gopher://example.com":     "gopher://example.com",
	} {
		if got := options.CompleteURL(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// A password is sent to the server and not printed.
func TestURLWithPassword(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	address := clitest.Listen(t, func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		asked <- string(b[:n])
	})
	clitest.Execute(t, nil, "connect", "ada:love%40ce@"+address, "-x", "a")
	select {
	case request := <-asked:
		if !strings.Contains(request, "\r\nAuthorization: Basic YWRhOmxvdmVAY2U=\r\n") {
			t.Errorf("no Basic authentication in %q", request)
		}
	default:
		t.Error("the server was not asked")
	}
	s := clitest.StartServe(t)
	r := clitest.Execute(t, nil, "connect", strings.Replace(s.URL(), "//", "//ada:secret@", 1), "-x", "a", "-wait", "0")
	if r.Want(t, exit.OK, "* open ws://ada:xxxxx@127.0.0.1:"); strings.Contains(r.Stderr, "secret") {
		t.Errorf("the password is printed: %q", r.Stderr)
	}
}
