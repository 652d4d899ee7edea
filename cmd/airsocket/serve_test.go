package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

func TestServeAnnounces(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	host := strings.Trim(strings.TrimPrefix(s.url(), "ws:"), "/")
	if want := []string{"listening on ws://" + host + "/", "test page http://" + host + "/"}; strings.Join(s.lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("stdout is %q, want %q", s.lines, want)
	}
	if _, port, err := net.SplitHostPort(host); err != nil || port == "0" {
		t.Errorf("the port of %q is not the real one", host)
	}
	if cfg, err := parseServe(nil); err != nil || len(cfg.listen) != 1 || cfg.listen[0] != "127.0.0.1:10081" {
		t.Errorf("without flags it listens on %v (%v)", cfg.listen, err)
	}
}

func TestServeWildcardAddressCanBeUsed(t *testing.T) {
	t.Parallel()
	host, all := reachable(&net.TCPAddr{IP: net.IPv6unspecified, Port: 81})
	if host != "127.0.0.1:81" || !all {
		t.Errorf("[::]:81 is announced as %s, %v", host, all)
	}
	host, all = reachable(&net.TCPAddr{IP: net.IPv6loopback, Port: 81})
	if host != "[::1]:81" || all {
		t.Errorf("[::1]:81 is announced as %s, %v", host, all)
	}
}

func TestServeUnix(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "echo")
	startServe(t, "--listen=unix:"+path)
	got := ""
	talk(t, nil, "ws+unix://"+path, "", func(s *airsocket.Socket) {
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
	announce(&printed, []net.Listener{l}, false, "")
	if want := "listening on ws+unix://" + path + "2\n"; printed.String() != want {
		t.Errorf("printed %q, want %q", printed.String(), want)
	}
}

// talk connects a socket with the handlers that attach sets, waits until it is
// closed, and returns its close event.
func talk(t *testing.T, o *airsocket.Options, url, protocol string, attach func(*airsocket.Socket)) (closed airsocket.CloseEvent) {
	t.Helper()
	if o == nil {
		o = &airsocket.Options{}
	}
	d := new(airsocket.Dispatcher)
	o.Dispatcher = d
	d.Run(func() {
		s := airsocket.NewSocket(o)
		s.OnClose(func(e *airsocket.CloseEvent) { closed = *e })
		attach(s)
		var protocols []string
		if protocol != "" {
			protocols = []string{protocol}
		}
		if err := s.Connect(url, protocols...); err != nil {
			t.Error(err)
		}
	})
	return closed
}

func TestServeEchoesEveryByte(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--quiet")
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
	talk(t, nil, s.url(), "", func(s *airsocket.Socket) {
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

// flood sends messages, without reading, until the server stops reading; if it
// never does, the test fails. flood returns the bytes that are left to send,
// the payload of each message, and the number of messages.
func flood(t *testing.T, c net.Conn) (rest, payload []byte, messages int) {
	t.Helper()
	payload = bytes.Repeat([]byte("airsocket"), 8000)
	frame := append(binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, uint64(len(payload))), 0, 0, 0, 0)
	messages = 1500 // some 100 MB
	all := bytes.Repeat(append(frame, payload...), messages)
	c.SetWriteDeadline(time.Now().Add(2 * time.Second))
	n, err := c.Write(all)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the server took %d bytes from a client that reads nothing (%v)", n, err)
	}
	c.SetWriteDeadline(time.Time{})
	return all[n:], payload, messages
}

// floodAndRead floods the server and checks that all messages come back.
func floodAndRead(t *testing.T, url string) {
	t.Helper()
	c := dialRaw(t, url)
	rest, payload, messages := flood(t, c)
	go c.Write(rest)
	echo := make([]byte, 10+len(payload))
	for i := range messages {
		if _, err := io.ReadFull(c, echo); err != nil || !bytes.Equal(echo[10:], payload) {
			t.Fatalf("message %d did not come back: %v", i, err)
		}
	}
}

func TestServeStopsReadingWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	// Without a limit on messages, there is none on unsent data either.
	floodAndRead(t, startServe(t, "--quiet", "--max-message", "-1").url())
}

// serveWith starts a Server that calls attach with each socket, and returns its
// URL.
func serveWith(t *testing.T, o *airsocket.Options, attach func(*airsocket.Socket)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.Server{Options: o}
	srv.OnConnect(attach)
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return "ws://" + l.Addr().String()
}

func TestEchoKeepsTheMessageThatDoesNotFit(t *testing.T) {
	t.Parallel()
	floodAndRead(t, serveWith(t, &airsocket.Options{MaxBuffered: 100_000, Parallel: true}, func(s *airsocket.Socket) {
		s.OnMessage(sendBack)
	}))
}

func TestServeShutdown(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	closed := talk(t, nil, s.url(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) { s.stop() })
	})
	if closed.Code != airsocket.StatusGoingAway || !closed.WasClean {
		t.Errorf("closed with %d, clean %v", closed.Code, closed.WasClean)
	}
	if code := s.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestServeShutdownTimeout(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--shutdown-timeout", "20ms")
	c := dialRaw(t, s.url())
	if code := s.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if got, _ := io.ReadAll(c); !bytes.Equal(got, []byte{0x88, 2, 1001 >> 8, 1001 & 0xff}) {
		t.Errorf("the client got % x, want a close with 1001", got)
	}
}

func TestServeSecondSignal(t *testing.T) {
	t.Parallel()
	p := exec.Command(os.Args[0], "serve", "--listen", "127.0.0.1:0", "--shutdown-timeout", "1h")
	p.Env = append(os.Environ(), asProgram+"=1")
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
	c := dialRaw(t, string(m))
	p.Process.Signal(os.Interrupt)
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil { // the close frame
		t.Fatalf("no close after the first signal: %v", err)
	}
	p.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, out)
	if p.Wait(); p.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("the second signal did not end it: exit code %d", p.ProcessState.ExitCode())
	}
}

func TestServeLimits(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--max-message", "10", "--max-conns", "1")
	closed := talk(t, nil, s.url(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			command(t, nil, "connect", s.url(), "-x", "a").want(t, exitRefused, "503")
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
	any, one := startServe(t), startServe(t, "--origin", "*.example.com", "--origin", "https://example.org")
	for _, test := range []struct {
		s      *served
		origin string
		code   int
		say    string
	}{
		{any, "http://evil.example", exitOK, ""},
		{one, "http://evil.example", exitRefused, "403"},
		{one, "http://www.example.com", exitOK, ""},
		{one, "https://example.org", exitOK, ""},
		{one, "http://example.org", exitRefused, "403"},
	} {
		command(t, nil, "connect", test.s.url(), "--origin", test.origin, "-x", "a", "--wait", "0").want(t, test.code, test.say)
	}
}

func TestServeSharesHandlersBetweenListeners(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--listen", "127.0.0.1:0")
	got := ""
	talk(t, nil, s.urls[0], lwsMirror, func(first *airsocket.Socket) {
		first.OnOpen(func(*airsocket.OpenEvent) {
			// Its own message comes back only after it has become a member.
			first.Send("member")
		})
		first.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Text() == "member" {
				go command(t, nil, "connect", s.urls[1], "--subprotocol", lwsMirror, "-x", "from the other port")
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
	s := startServe(t, "--log", "json")
	command(t, nil, "connect", s.url(), "-x", "hello").want(t, exitOK, "")
	s.end()
	var events []string
	for line := range strings.Lines(s.stderr.String()) {
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
	quiet := startServe(t, "--quiet")
	command(t, nil, "connect", quiet.url(), "-x", "hello", "-wait", "0").want(t, exitOK, "")
	for _, wrong := range []string{"\xc1\x80\x00\x00\x00\x00", "\x81\x00", "\x81\x81\x00\x00\x00\x00\xff"} {
		c := dialRaw(t, quiet.url())
		io.WriteString(c, wrong)
		io.Copy(io.Discard, c)
		c.Close()
	}
	quiet.end()
	if got := quiet.stderr.String(); got != "" {
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
	var log output
	srv := &airsocket.Server{Options: &airsocket.Options{Logger: newLogger(&log, "text", true)}}
	srv.Serve(&exhausted{l, []error{&net.OpError{Op: "accept", Err: syscall.EMFILE}, net.ErrClosed}})
	if got := log.String(); !strings.Contains(got, "level=ERROR msg=accept") || !strings.Contains(got, "too many open files") {
		t.Errorf("the log has %q", got)
	}
}

func TestServeUsage(t *testing.T) {
	t.Parallel()
	busy := listen(t, func(net.Conn) {})
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, test := range []struct {
		args string
		say  string
	}{
		{"--nonsense", "nonsense"},
		{"extra", `not "extra"`},
		{"--log xml", `not "xml"`},
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
		{"--listen 127.0.0.1:0 --policy-listen " + busy, "in use"},
	} {
		r := command(t, nil, append([]string{"serve"}, strings.Fields(test.args)...)...)
		r.want(t, exitUsage, test.say)
		if r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s: stdout %q, stderr %q", test.args, r.stdout, r.stderr)
		}
	}
}

func TestServeVersions(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--versions", "hybi-08,13")
	for _, v := range []string{"hybi-13", "hybi-08"} {
		r := command(t, nil, "connect", s.url(), "--version", v, "-x", "hello")
		r.want(t, exitOK, v)
		if r.stdout != "hello\n" {
			t.Errorf("%s: %q", v, r.stdout)
		}
	}
	command(t, nil, "connect", s.url(), "--version", "hybi-07", "-x", "hello").want(t, exitRefused, "426")
	for _, v := range []string{"hixie-75", "hixie-76", "hybi-06", "hybi-07"} {
		all := startServe(t)
		if r := command(t, nil, "connect", all.url(), "--version", v, "--deflate-stream", "-x", "hello"); r.code != exitOK || r.stdout != "hello\n" {
			t.Errorf("%s: %+v", v, r)
		}
	}
}
