package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

func TestConnectPiped(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	r := clitest.Execute(t, strings.NewReader("one\n\n\ttwo \xc5\xbc\r\nlast"), "connect", s.URL())
	if r.Want(t, exit.OK, "* open "+s.URL()+", hybi-13\n* close 1000\n"); r.Stdout != "one\n\n\ttwo ż\r\nlast\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
}

func TestConnectLosesNoInput(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet")
	var in bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&in, "line %d\n", i)
		if i%50_000 == 0 {
			in.WriteString(strings.Repeat("long", 1<<20) + "\n")
		}
	}
	want := in.String()
	r := clitest.Execute(t, &in, "connect", s.URL())
	if r.Want(t, exit.OK, ""); r.Stdout != want {
		t.Errorf("%d bytes in, %d bytes out", len(want), len(r.Stdout))
	}
}

func TestConnectLineTooLong(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	r := clitest.Execute(t, strings.NewReader("12345\n123456\n1"), "connect", s.URL(), "--max-message", "5")
	if r.Want(t, exit.Usage, "a message of the input is longer than -max-message"); r.Stdout != "12345\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
	clitest.Execute(t, strings.NewReader("a\xff\n"), "connect", s.URL()).Want(t, exit.Usage, "not valid UTF-8")
}

func TestConnectTexts(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	r := clitest.Execute(t, strings.NewReader("not read"), "connect", "-x", "first", s.URL(), "-x", "--second", "-x=third\nline", "--wait=200ms", "-x", "")
	if r.Want(t, exit.OK, ""); r.Stdout != "first\n--second\nthird\nline\n\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
}

func TestConnectRequest(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	url := "ws://" + clitest.Listen(t, func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		asked <- string(b[:n])
	}) + "/path?query"
	clitest.Execute(t, nil, "connect", "-H", "X-One: 1", url, "-H", "x-two:a:b", "--subprotocol", "p1, p2", "--origin", "http://o.example", "--subprotocol", "p3").
		Want(t, exit.Refused, "before the handshake")
	request := <-asked
	for _, line := range []string{"GET /path?query HTTP/1.1", "X-One: 1", "X-Two: a:b", "Sec-WebSocket-Protocol: p1, p2, p3", "Origin: http://o.example"} {
		if !strings.Contains(request, line+"\r\n") {
			t.Errorf("no line %q in %q", line, request)
		}
	}
}

func TestConnectBinary(t *testing.T) {
	t.Parallel()
	r := clitest.Execute(t, strings.NewReader(""), "connect", clitest.Upgraded(t, "\x82\x03\x00\xff\n\x82\x00\x89\x01p\x88\x02\x03\xe8"), "--wait", "-1s")
	if r.Want(t, exit.OK, "* ping \"p\"\n"); r.Stdout != "0x00ff0a\n0x\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
}

func TestConnectJSON(t *testing.T) {
	t.Parallel()
	frames := "\x81\x08<żół>" + "\x82\x02\xff\x00" + "\x8a\x02ok" + "\x81\x03\xc2\x85\x7f" + "\x88\x07\x0f\xa1bye\xc2\x80"
	r := clitest.Execute(t, nil, "connect", clitest.Upgraded(t, frames), "-x", "hi", "--wait", "-1s", "--json")
	r.Want(t, exit.OK, "")
	if r.Stderr != "" {
		t.Errorf("stderr is %q", r.Stderr)
	}
	if strings.ContainsAny(r.Stdout, "\u0085\u007f\u0080") {
		t.Errorf("a control character is not escaped: %q", r.Stdout)
	}
	var got []string
	for line := range strings.Lines(r.Stdout) {
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
			delete(e, "url")
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
		`{"clean":true,"code":4001,"direction":"in","reason":"bye` + "\u0080" + `","type":"close"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestConnectInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { interrupt() })
	})
	in, w := io.Pipe() // has one line and does not end
	defer w.Close()
	go io.WriteString(w, "x\n")
	if r := clitest.ExecuteContext(ctx, in, "connect", url, "--json"); r.Code != exit.OK || !strings.Contains(r.Stdout, `"code":1000`) {
		t.Errorf("%+v", r)
	}
}

// broken is a Writer that always fails.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestConnectOutputFails(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	var stderr clitest.Output
	code := program.Program.Run(t.Context(), []string{"connect", s.URL(), "-x", "a"}, &command.Std{Out: broken{}, Err: &stderr})
	clitest.Result{Code: code, Stderr: stderr.String()}.Want(t, exit.Usage, "output: "+io.ErrClosedPipe.Error())
}
