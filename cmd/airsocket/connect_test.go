package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
)

func TestConnectPiped(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	r := command(t, strings.NewReader("one\n\n\ttwo \xc5\xbc\r\nlast"), "connect", s.url())
	if r.want(t, exitOK, "* open "+s.url()+", hybi-13\n* close 1000\n"); r.stdout != "one\n\n\ttwo ż\r\nlast\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
}

func TestConnectLosesNoInput(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--quiet")
	var in bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&in, "line %d\n", i)
		if i%50_000 == 0 {
			in.WriteString(strings.Repeat("long", 1<<20) + "\n")
		}
	}
	want := in.String()
	r := command(t, &in, "connect", s.url())
	if r.want(t, exitOK, ""); r.stdout != want {
		t.Errorf("%d bytes in, %d bytes out", len(want), len(r.stdout))
	}
}

// told is a Reader that closes consumed at its end.
type told struct {
	io.Reader
	consumed chan struct{}
}

func (r *told) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		close(r.consumed)
	}
	return n, err
}

func TestConnectReadsNoMoreThanItCanSend(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 99_999) + "\n"
	in := &told{strings.NewReader(strings.Repeat(line, 1000)), make(chan struct{})} // 100 MB
	received := make(chan int64, 1)
	url := "ws://" + listen(t, func(c net.Conn) {
		acceptRaw(c)
		select {
		case <-in.consumed:
			t.Error("the input was read to its end for a server that reads nothing")
		case <-time.After(time.Second):
		}
		n, _ := io.Copy(io.Discard, io.LimitReader(c, 1000*int64(len(line))))
		received <- n
	})
	command(t, in, "connect", url, "--max-message", "-1", "--wait", "-1s")
	if n := <-received; n < 1000*int64(len(line)) {
		t.Errorf("%d bytes arrived", n)
	}
}

func TestConnectLineTooLong(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	r := command(t, strings.NewReader("12345\n123456\n1"), "connect", s.url(), "--max-message", "5")
	if r.want(t, exitUsage, errLineTooLong.Error()); r.stdout != "12345\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
	command(t, strings.NewReader("a\xff\n"), "connect", s.url()).want(t, exitUsage, "not valid UTF-8")
}

func TestConnectTexts(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	r := command(t, strings.NewReader("not read"), "connect", "-x", "first", s.url(), "-x", "--second", "-x=third\nline", "--wait=200ms", "-x", "")
	if r.want(t, exitOK, ""); r.stdout != "first\n--second\nthird\nline\n\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
}

func TestConnectRequest(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	url := "ws://" + listen(t, func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		asked <- string(b[:n])
	}) + "/path?query"
	command(t, nil, "connect", "-H", "X-One: 1", url, "-H", "x-two:a:b", "--subprotocol", "p1, p2", "--origin", "http://o.example", "--subprotocol", "p3").
		want(t, exitRefused, "before the handshake")
	request := <-asked
	for _, line := range []string{"GET /path?query HTTP/1.1", "X-One: 1", "X-Two: a:b", "Sec-WebSocket-Protocol: p1, p2, p3", "Origin: http://o.example"} {
		if !strings.Contains(request, line+"\r\n") {
			t.Errorf("no line %q in %q", line, request)
		}
	}
}

func TestConnectBinary(t *testing.T) {
	t.Parallel()
	r := command(t, strings.NewReader(""), "connect", upgraded(t, "\x82\x03\x00\xff\n\x82\x00\x89\x01p\x88\x02\x03\xe8"), "--wait", "-1s")
	if r.want(t, exitOK, "* ping \"p\"\n"); r.stdout != "0x00ff0a\n0x\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
}

func TestConnectJSON(t *testing.T) {
	t.Parallel()
	frames := "\x81\x08<żół>" + "\x82\x02\xff\x00" + "\x8a\x02ok" + "\x81\x03\xc2\x85\x7f" + "\x88\x07\x0f\xa1bye\xc2\x80"
	r := command(t, nil, "connect", upgraded(t, frames), "-x", "hi", "--wait", "-1s", "--json")
	r.want(t, exitOK, "")
	if r.stderr != "" {
		t.Errorf("stderr is %q", r.stderr)
	}
	if strings.ContainsAny(r.stdout, "\u0085\u007f\u0080") {
		t.Errorf("a control character is not escaped: %q", r.stdout)
	}
	var got []string
	for line := range strings.Lines(r.stdout) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(e["time"])); err != nil {
			t.Error(err)
		}
		delete(e, "time")
		if e["type"] == "open" {
			delete(e, "text")
		}
		b, _ := json.Marshal(e)
		got = append(got, string(b))
	}
	want := []string{
		`{"type":"open"}`,
		`{"data":"hi","direction":"out","size":2,"type":"message"}`,
		`{"data":"\u003cżół\u003e","direction":"in","size":8,"type":"message"}`,
		`{"binary":true,"data":"/wA=","direction":"in","size":2,"type":"message"}`,
		`{"data":"ok","direction":"in","size":2,"type":"pong"}`,
		`{"data":"` + "\u0085\u007f" + `","direction":"in","size":3,"type":"message"}`,
		`{"clean":true,"code":4001,"reason":"bye` + "\u0080" + `","type":"close"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wait runs connect with one text over a pipe, in a synctest bubble. The server
// reads the text after the time busy, and sends an answer after each of the
// delays. wait returns what connect printed and how long it took.
func wait(t *testing.T, wait, busy time.Duration, delays ...time.Duration) (got string, took time.Duration) {
	t.Helper()
	here, there := net.Pipe()
	server := new(airsocket.Dispatcher)
	go server.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: server})
		s.OnMessage(func(*airsocket.MessageEvent) {
			for _, d := range delays {
				server.SetTimeout(func() { s.Send(d.String()) }, d)
			}
		})
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Pause()
			server.SetTimeout(s.Resume, busy)
		})
		s.StartServer(there)
	})
	cfg := &connectConfig{url: "ws://pipe/", texts: []string{"go"}, wait: wait}
	cfg.options.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
	var out output
	c := &client{config: cfg, disp: new(airsocket.Dispatcher), input: &given{cfg.texts}, print: plain(&out, io.Discard, false)}
	cfg.options.Dispatcher = c.disp
	begin := time.Now()
	if code, err := c.run(t.Context()); code != exitOK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	took = time.Since(begin)
	time.Sleep(time.Hour) // in the bubble, until the server's timers have fired
	return strings.ReplaceAll(out.String(), "\n", " "), took
}

func TestConnectWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wait   time.Duration
		busy   time.Duration
		delays []time.Duration
		got    string
		took   time.Duration
	}{
		{time.Second, 0, nil, "", time.Second},
		{time.Second, 500 * time.Millisecond, nil, "", 1500 * time.Millisecond},
		{time.Second, 0, []time.Duration{900 * time.Millisecond, 1800 * time.Millisecond, 2900 * time.Millisecond}, "900ms 1.8s ", 2800 * time.Millisecond},
		{0, 0, []time.Duration{time.Millisecond}, "", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got, took := wait(t, test.wait, test.busy, test.delays...); got != test.got || took != test.took {
				t.Errorf("-wait %v, messages after %v: got %q in %v, want %q in %v", test.wait, test.delays, got, took, test.got, test.took)
			}
		})
	}
}

func TestConnectInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	url := serveWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { interrupt() })
	})
	in, w := io.Pipe() // has one line and does not end
	defer w.Close()
	go io.WriteString(w, "x\n")
	if r := commandContext(ctx, in, "connect", url, "--json"); r.code != exitOK || !strings.Contains(r.stdout, `"code":1000`) {
		t.Errorf("%+v", r)
	}
}

// broken is a Writer that always fails.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestConnectOutputFails(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	var stderr output
	code := run(t.Context(), []string{"connect", s.url(), "-x", "a"}, nil, broken{}, &stderr)
	result{code, "", stderr.String()}.want(t, exitUsage, "output: "+io.ErrClosedPipe.Error())
}
