package connect_test

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestExitOK(t *testing.T) {
	t.Parallel()
	for frames, say := range map[string]string{
		"\x88\x02\x03\xe8":        "* close 1000\n",
		"\x88\x02\x03\xe9":        "* close 1001\n",
		"\x88\x00":                "* close 1005\n",
		"\x88\x06\x0f\xa0\x1b[2J": `* close 4000 \x1b[2J`,
	} {
		clitest.Execute(t, strings.NewReader(""), "connect", clitest.Upgraded(t, frames), "--wait", "-1s").Want(t, exit.OK, say)
	}
}

func TestExitUsage(t *testing.T) {
	t.Parallel()
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, test := range []struct {
		args []string
		say  string
	}{
		{nil, "one URL"},
		{[]string{"ws://a/", "ws://b/"}, "one URL"},
		{[]string{"--nonsense", "ws://a/"}, "nonsense"},
		{[]string{"gopher://a/"}, "bad URL"},
		{[]string{"ws://a/#part"}, "fragment"},
		{[]string{"ws://a/", "-H", "nameless"}, "nameless"},
		{[]string{"ws://a/", "-H", "host:b"}, "with -dial the address"},
		{[]string{"ws://a/", "--subprotocol", "a b"}, "bad subprotocol"},
		{[]string{"ws://a/", "--version", "hybi-99"}, "hybi-99"},
		{[]string{"ws://a/", "--wait", "long"}, "wait"},
		{[]string{"ws://a/", "--max-message", "0"}, "-max-message"},
		{[]string{"ws://a/", "--ca", nothing}, "nothing"},
		{[]string{"ws://a/", "--ca", "exit_test.go"}, "no certificate"},
		{[]string{"ws://a/", "-x", "\xff"}, "UTF-8"},
		{[]string{"--", "ws://a/", "-x"}, "one URL"},
	} {
		r := clitest.Execute(t, nil, append([]string{"connect"}, test.args...)...)
		if r.Want(t, exit.Usage, test.say); r.Stdout != "" {
			t.Errorf("%q: stdout is %q", test.args, r.Stdout)
		}
		if !strings.HasPrefix(r.Stderr, "airsocket: ") || strings.Count(r.Stderr, "airsocket: ") > 1 {
			t.Errorf("%q: want the name of the program exactly once in %q", test.args, r.Stderr)
		}
	}
}

// The text of an event does not name the program.
func TestErrorEventHasNoPrefix(t *testing.T) {
	t.Parallel()
	mute := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	r := clitest.Execute(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms")
	r.Want(t, exit.Timeout, "* error the opening handshake took too long")
	r = clitest.Execute(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms", "-json")
	if r.Code != exit.Timeout || !strings.Contains(r.Stdout, `"text":"the opening handshake took too long`) {
		t.Errorf("%+v", r)
	}
}

func TestExitConnect(t *testing.T) {
	t.Parallel()
	clitest.Execute(t, nil, "connect", "ws://127.0.0.1:1", "-x", "a").Want(t, exit.Connect, "refused")
}

func TestExitTLS(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	clitest.Execute(t, nil, "connect", strings.Replace(s.URL(), "ws:", "wss:", 1), "-x", "a").Want(t, exit.TLS, "TLS")
}

func TestExitRefused(t *testing.T) {
	t.Parallel()
	forbidden := clitest.Listen(t, func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 4096), 10)
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nno\x1b way")
	})
	clitest.Execute(t, nil, "connect", "ws://"+forbidden, "-x", "a").Want(t, exit.Refused, `status 403`)
	clitest.Execute(t, nil, "connect", "ws://"+forbidden, "-x", "a").Want(t, exit.Refused, `no\x1b way`)
	silent := clitest.Listen(t, func(net.Conn) {})
	clitest.Execute(t, nil, "connect", "ws://"+silent, "-x", "a").Want(t, exit.Refused, "error")
	other := clitest.Listen(t, func(c net.Conn) { io.WriteString(c, "220 mail.example ESMTP\r\n\r\n") })
	clitest.Execute(t, nil, "connect", "ws://"+other, "-x", "a").Want(t, exit.Refused, "not HTTP")
}

func TestExitProtocol(t *testing.T) {
	t.Parallel()
	for frames, say := range map[string]string{
		"\xf1\x01a":        "reserved bit",
		"\x81\x01\xff":     "UTF-8",
		"\x88\x02\x03\xf3": "* close 1011",
		"\x88\x02\x03\xea": "* close 1002",
	} {
		clitest.Execute(t, strings.NewReader(""), "connect", clitest.Upgraded(t, frames), "--wait", "-1s").Want(t, exit.Protocol, say)
	}
	gone := clitest.Listen(t, clitest.AcceptRaw)
	clitest.Execute(t, nil, "connect", "ws://"+gone, "-x", "a", "--wait", "-1s").Want(t, exit.Protocol, "* close 1006")
}

func TestExitTimeout(t *testing.T) {
	t.Parallel()
	mute := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	clitest.Execute(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms").Want(t, exit.Timeout, "took too long")
	clitest.Execute(t, nil, "connect", "wss://"+mute, "-x", "a", "--timeout", "50ms").Want(t, exit.Timeout, "took too long")
	// This server accepts the connection and does not answer the close.
	clitest.Execute(t, nil, "connect", clitest.Upgraded(t, ""), "-x", "a", "--wait", "0", "--timeout", "200ms").Want(t, exit.Timeout, "took too long")
}
