package main

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestExitOK(t *testing.T) {
	t.Parallel()
	for frames, say := range map[string]string{
		"\x88\x02\x03\xe8":        "* close 1000\n",
		"\x88\x02\x03\xe9":        "* close 1001\n",
		"\x88\x00":                "* close 1005\n",
		"\x88\x06\x0f\xa0\x1b[2J": `* close 4000 \x1b[2J`,
	} {
		command(t, strings.NewReader(""), "connect", upgraded(t, frames), "--wait", "-1s").want(t, exitOK, say)
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
		{[]string{"ws://a/", "--subprotocol", "a b"}, "bad subprotocol"},
		{[]string{"ws://a/", "--version", "hybi-99"}, "hybi-99"},
		{[]string{"ws://a/", "--wait", "long"}, "wait"},
		{[]string{"ws://a/", "--max-message", "0"}, "-max-message"},
		{[]string{"ws://a/", "--ca", nothing}, "nothing"},
		{[]string{"ws://a/", "--ca", "exit_test.go"}, "no certificate"},
		{[]string{"ws://a/", "-x", "\xff"}, "UTF-8"},
		{[]string{"--", "ws://a/", "-x"}, "one URL"},
	} {
		r := command(t, nil, append([]string{"connect"}, test.args...)...)
		if r.want(t, exitUsage, test.say); r.stdout != "" {
			t.Errorf("%q: stdout is %q", test.args, r.stdout)
		}
		if !strings.HasPrefix(r.stderr, "airsocket: ") || strings.Count(r.stderr, "airsocket: ") > 1 {
			t.Errorf("%q: want the name of the program exactly once in %q", test.args, r.stderr)
		}
	}
}

// The text of an event does not name the program.
func TestErrorEventHasNoPrefix(t *testing.T) {
	t.Parallel()
	mute := listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	r := command(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms")
	r.want(t, exitTimeout, "* error the opening handshake took too long")
	r = command(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms", "-json")
	if r.code != exitTimeout || !strings.Contains(r.stdout, `"text":"the opening handshake took too long`) {
		t.Errorf("%+v", r)
	}
}

func TestExitConnect(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	command(t, nil, "connect", "ws://"+l.Addr().String(), "-x", "a").want(t, exitConnect, "refused")
}

func TestExitTLS(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	command(t, nil, "connect", strings.Replace(s.url(), "ws:", "wss:", 1), "-x", "a").want(t, exitTLS, "TLS")
}

func TestExitRefused(t *testing.T) {
	t.Parallel()
	forbidden := listen(t, func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 4096), 10)
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nno\x1b way")
	})
	command(t, nil, "connect", "ws://"+forbidden, "-x", "a").want(t, exitRefused, `status 403`)
	command(t, nil, "connect", "ws://"+forbidden, "-x", "a").want(t, exitRefused, `no\x1b way`)
	silent := listen(t, func(net.Conn) {})
	command(t, nil, "connect", "ws://"+silent, "-x", "a").want(t, exitRefused, "error")
	other := listen(t, func(c net.Conn) { io.WriteString(c, "220 mail.example ESMTP\r\n\r\n") })
	command(t, nil, "connect", "ws://"+other, "-x", "a").want(t, exitRefused, "not HTTP")
}

func TestExitProtocol(t *testing.T) {
	t.Parallel()
	for frames, say := range map[string]string{
		"\xf1\x01a":        "reserved bit",
		"\x81\x01\xff":     "UTF-8",
		"\x88\x02\x03\xf3": "* close 1011",
		"\x88\x02\x03\xea": "* close 1002",
	} {
		command(t, strings.NewReader(""), "connect", upgraded(t, frames), "--wait", "-1s").want(t, exitProtocol, say)
	}
	gone := listen(t, acceptRaw)
	command(t, nil, "connect", "ws://"+gone, "-x", "a", "--wait", "-1s").want(t, exitProtocol, "* close 1006")
}

func TestExitTimeout(t *testing.T) {
	t.Parallel()
	mute := listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	command(t, nil, "connect", "ws://"+mute, "-x", "a", "--timeout", "50ms").want(t, exitTimeout, "took too long")
	command(t, nil, "connect", "wss://"+mute, "-x", "a", "--timeout", "50ms").want(t, exitTimeout, "took too long")
	// This server accepts the connection and does not answer the close.
	command(t, nil, "connect", upgraded(t, ""), "-x", "a", "--wait", "0", "--timeout", "200ms").want(t, exitTimeout, "took too long")
}
