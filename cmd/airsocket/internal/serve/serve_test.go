package serve_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve"
)

func TestServeAnnounces(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	host := strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/")
	if want := []string{"listening on ws://" + host + "/", "test page http://" + host + "/"}; strings.Join(s.Lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("stdout is %q, want %q", s.Lines, want)
	}
	if _, port, err := net.SplitHostPort(host); err != nil || port == "0" {
		t.Errorf("the port of %q is not the real one", host)
	}
}

func TestServeWildcardAddressCanBeUsed(t *testing.T) {
	t.Parallel()
	host, all := serve.Reachable(&net.TCPAddr{IP: net.IPv6unspecified, Port: 81})
	if host != "127.0.0.1:81" || !all {
		t.Errorf("[::]:81 is announced as %s, %v", host, all)
	}
	host, all = serve.Reachable(&net.TCPAddr{IP: net.IPv6loopback, Port: 81})
	if host != "[::1]:81" || all {
		t.Errorf("[::1]:81 is announced as %s, %v", host, all)
	}
}

func TestServeUnix(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "echo")
	clitest.StartServe(t, "--listen=unix:"+path)
	got := ""
	clitest.Talk(t, nil, "ws+unix://"+path, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("over a unix socket") })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = e.Text()
			s.Close(airsocket.StatusNormalClosure, "")
		})
	})
	if got != "over a unix socket" {
		t.Errorf("got %q", got)
	}
	l, err := airsocket.Listen("unix:" + path + "2")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var printed strings.Builder
	serve.Announce(&printed, []net.Listener{l}, "test page", false, "")
	if want := "listening on ws+unix://" + path + "2\n"; printed.String() != want {
		t.Errorf("printed %q, want %q", printed.String(), want)
	}
}

func TestServeEchoesEveryByte(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet")
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	messages := []struct {
		binary bool
		data   []byte
	}{
		{true, every}, {true, nil}, {false, nil}, {false, []byte("żółw \x00\x7f €😀")},
		{true, bytes.Repeat(every, 8192)}, {false, bytes.Repeat([]byte("ä"), 300000)},
	}
	got := 0
	clitest.Talk(t, nil, s.URL(), "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			for _, m := range messages {
				if m.binary {
					s.SendBytes(m.data)
				} else {
					s.Send(string(m.data))
				}
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if m := messages[got]; e.Binary() != m.binary || !bytes.Equal(e.Bytes(), m.data) {
				t.Errorf("message %d came back as binary %v, %d bytes", got, e.Binary(), len(e.Bytes()))
			}
			if got++; got == len(messages) {
				s.Close(airsocket.StatusNormalClosure, "")
			}
		})
	})
	if got != len(messages) {
		t.Errorf("%d of %d messages came back", got, len(messages))
	}
}

func TestServeStopsReadingWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	// Without a limit on messages, there is none on unsent data either.
	clitest.FloodAndRead(t, clitest.StartServe(t, "--quiet", "--max-message", "-1").URL())
}

func TestServeShutdown(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	closed := clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) { s.Stop() })
	})
	if closed.Code != airsocket.StatusGoingAway || !closed.WasClean {
		t.Errorf("closed with %d, clean %v", closed.Code, closed.WasClean)
	}
	if code := s.End(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

func TestServeShutdownTimeout(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--shutdown-timeout", "20ms")
	c := clitest.DialRaw(t, s.URL())
	if code := s.End(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	if got, _ := io.ReadAll(c); !bytes.Equal(got, []byte{0x88, 2, 1001 >> 8, 1001 & 0xff}) {
		t.Errorf("the client got % x, want a close with 1001", got)
	}
}

func TestServeSecondSignal(t *testing.T) {
	t.Parallel()
	p := clitest.AsProgram("serve", "--listen", "127.0.0.1:0", "--shutdown-timeout", "1h")
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Process.Kill()
	line := make([]byte, 200)
	n, _ := out.Read(line)
	m := regexp.MustCompile(`ws://\S+`).Find(line[:n])
	c := clitest.DialRaw(t, string(m))
	p.Process.Signal(os.Interrupt)
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil { // the close frame
		t.Fatalf("no close after the first signal: %v", err)
	}
	p.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, out)
	if p.Wait(); p.ProcessState.ExitCode() != exit.Interrupted {
		t.Errorf("the second signal did not end it: exit code %d", p.ProcessState.ExitCode())
	}
}

func TestServeLimits(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--max-message", "10", "--max-conns", "1")
	closed := clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			clitest.Execute(t, nil, "connect", s.URL(), "-x", "a").Want(t, exit.Refused, "503")
			c.Send("0123456789")
		})
		c.OnMessage(func(e *airsocket.MessageEvent) { c.Send("0123456789+") })
	})
	if closed.Code != airsocket.StatusMessageTooBig {
		t.Errorf("11 bytes: closed with %d", closed.Code)
	}
}

func TestServeOrigins(t *testing.T) {
	t.Parallel()
	any, one := clitest.StartServe(t), clitest.StartServe(t, "--origin", "*.example.com", "--origin", "https://example.org")
	for _, test := range []struct {
		s      *clitest.Served
		origin string
		code   int
		say    string
	}{
		{any, "http://evil.example", exit.OK, ""},
		{one, "http://evil.example", exit.Refused, "403"},
		{one, "http://www.example.com", exit.OK, ""},
		{one, "https://example.org", exit.OK, ""},
		{one, "http://example.org", exit.Refused, "403"},
	} {
		clitest.Execute(t, nil, "connect", test.s.URL(), "--origin", test.origin, "-x", "a", "--wait", "0").Want(t, test.code, test.say)
	}
}

func TestServeSharesHandlersBetweenListeners(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--listen", "127.0.0.1:0")
	got := ""
	clitest.Talk(t, nil, s.URLs[0], "lws-mirror-protocol", func(first *airsocket.Socket) {
		first.OnOpen(func(*airsocket.OpenEvent) {
			// Its own message comes back only after it has become a member.
			first.Send("member")
		})
		first.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Text() == "member" {
				go clitest.Execute(t, nil, "connect", s.URLs[1], "--subprotocol", "lws-mirror-protocol", "-x", "from the other port")
				return
			}
			got = e.Text()
			first.Close(airsocket.StatusNormalClosure, "")
		})
	})
	if got != "from the other port" {
		t.Errorf("got %q", got)
	}
}

func TestServeLog(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--log", "json")
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "hello").Want(t, exit.OK, "")
	s.End()
	var events []string
	for line := range strings.Lines(s.Stderr.String()) {
		var e struct {
			Msg    string
			Type   string
			Size   int
			Target string
			Code   int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		events = append(events, e.Msg)
		switch {
		case e.Msg == "message" && (e.Type != "text" || e.Size != 5),
			e.Msg == "request" && e.Target != "/",
			e.Msg == "websocket closed" && e.Code != 1000:
			t.Errorf("the log says %s", line)
		}
	}
	if got := strings.Join(events, ", "); got != "request, websocket open, message, websocket closed" {
		t.Errorf("the log has: %s", got)
	}

}

// Nothing that a peer does is logged as an error, not even a mistake.
func TestServeQuiet(t *testing.T) {
	t.Parallel()
	quiet := clitest.StartServe(t, "--quiet")
	clitest.Execute(t, nil, "connect", quiet.URL(), "-x", "hello", "-wait", "0").Want(t, exit.OK, "")
	for _, wrong := range []string{"\xc1\x80\x00\x00\x00\x00", "\x81\x00", "\x81\x81\x00\x00\x00\x00\xff"} {
		c := clitest.DialRaw(t, quiet.URL())
		io.WriteString(c, wrong)
		io.Copy(io.Discard, c)
		c.Close()
	}
	quiet.End()
	if got := quiet.Stderr.String(); got != "" {
		t.Errorf("with -quiet the log has %q", got)
	}
}

// exhausted is a Listener whose Accept returns the errors one after another.
type exhausted struct {
	net.Listener
	errs []error
}

func (l *exhausted) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

// Errors that keep a server from serving are logged even with -quiet.
func TestServeQuietTellsOfErrors(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log clitest.Output
	srv := &airsocket.Server{Options: &airsocket.Options{Logger: serve.NewLogger(&log, "text", true)}}
	srv.Serve(&exhausted{l, []error{&net.OpError{Op: "accept", Err: syscall.EMFILE}, net.ErrClosed}})
	if got := log.String(); !strings.Contains(got, "level=ERROR msg=accept") || !strings.Contains(got, "too many open files") {
		t.Errorf("the log has %q", got)
	}
}

func TestServeUsage(t *testing.T) {
	t.Parallel()
	busy := clitest.Listen(t, func(net.Conn) {})
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, test := range []struct {
		args string
		say  string
	}{
		{"--nonsense", "nonsense"},
		{"extra", `not "extra"`},
		{"--log xml", `"xml" for flag -log: not text or json`},
		{"--log jsn", "did you mean json?"},
		{"--max-message many", "max-message"},
		{"--max-message 0", "-max-message is 0"},
		{"--max-conns -1", "-max-conns"},
		{"--fragment-size -1", "-fragment-size"},
		{"--shutdown-timeout -1s", "-shutdown-timeout"},
		{"--versions 13,1905", "1905"},
		{"--versions ,", "empty name"},
		{"--tls-cert " + nothing, "belong together"},
		{"--tls-key " + nothing, "belong together"},
		{"--tls-cert " + nothing + " --tls-key " + nothing, "nothing"},
		{"--tls-self-signed --tls-cert a --tls-key b", "-tls-self-signed"},
		{"--listen " + busy, "in use"},
		{"--listen 127.0.0.1:0 --listen nowhere", "port"},
		{"--listen 8080", "such as 127.0.0.1:8080, or :8080 for all addresses"},
		{"--listen 127.0.0.1:0 --policy-listen " + busy, "in use"},
	} {
		r := clitest.Execute(t, nil, append([]string{"serve"}, strings.Fields(test.args)...)...)
		r.Want(t, exit.Usage, test.say)
		if r.Stdout != "" || strings.Count(r.Stderr, "\n") != 1 {
			t.Errorf("%s: stdout %q, stderr %q", test.args, r.Stdout, r.Stderr)
		}
	}
}

func TestServeVersions(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--versions", "hybi-08,13")
	for _, v := range []string{"hybi-13", "hybi-08"} {
		r := clitest.Execute(t, nil, "connect", s.URL(), "--version", v, "-x", "hello")
		r.Want(t, exit.OK, v)
		if r.Stdout != "hello\n" {
			t.Errorf("%s: %q", v, r.Stdout)
		}
	}
	clitest.Execute(t, nil, "connect", s.URL(), "--version", "hybi-07", "-x", "hello").Want(t, exit.Refused, "426")
	for _, v := range []string{"hixie-75", "hixie-76", "hybi-06", "hybi-07"} {
		all := clitest.StartServe(t)
		if r := clitest.Execute(t, nil, "connect", all.URL(), "--version", v, "--deflate-stream", "-x", "hello"); r.Code != exit.OK || r.Stdout != "hello\n" {
			t.Errorf("%s: %+v", v, r)
		}
	}
}
