package replay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// recording writes a recording and returns the name of its file.
func recording(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "session.jsonl")
	text := ""
	for _, line := range lines {
		text += `{"time":"2026-01-02T03:04:05Z",` + line + "}\n"
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var two = []string{
	`"type":"open","conn":1`,
	`"type":"open","conn":2,"url":"ws://elsewhere/two?x=1"`,
	`"type":"message","conn":2,"direction":"out","data":"to two"`,
	`"type":"message","conn":2,"direction":"in","data":"to two"`,
	`"type":"message","conn":1,"direction":"out","data":"to one"`,
	`"type":"message","conn":1,"direction":"in","data":"something else"`,
	`"type":"close","conn":2,"direction":"out","code":1000,"clean":true`,
}

func TestConnections(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	file := recording(t, two...)
	r := clitest.Execute(t, nil, "replay", "-speed", "max", file, s.URL())
	if r.Want(t, exit.Check, ""); !strings.HasPrefix(r.Stdout, "connection 1, line 6, recorded at 0.000s, came at ") || !strings.Contains(r.Stdout, "different in 1 place: 3 done, 4 received") {
		t.Errorf("replay prints %s", r.Stdout)
	}
	r = clitest.Execute(t, nil, "replay", "-conn", "2", file, s.URL())
	if r.Want(t, exit.OK, ""); r.Stdout != "the same: 2 done, 2 received\n" {
		t.Errorf("replay prints %s", r.Stdout)
	}
	if !strings.Contains(s.Stderr.String(), "target=\"/two?x=1\"") {
		t.Errorf("the path of the recording is not used: %s", s.Stderr.String())
	}
}

// As the server, replay closes as the server did, and has no more connections than the
// recording.
func TestServer(t *testing.T) {
	t.Parallel()
	file := recording(t,
		`"type":"open","subprotocols":["a","b"],"subprotocol":"b"`,
		`"type":"message","direction":"in","data":"welcome"`,
		`"type":"message","direction":"out","data":"thanks"`,
		`"type":"ping","direction":"in","data":"p"`,
		`"type":"pong","direction":"out","data":"p"`,
		`"type":"close","direction":"in","code":1008,"reason":"go","clean":true`)
	b := listen(t, "replay", "-listen", "127.0.0.1:0", file)
	var chosen string
	closed := clitest.Talk(t, &airsocket.Options{Protocols: []string{"a", "b"}}, b.url, "", func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			chosen = s.Protocol()
			s.Send("thanks")
		})
	})
	if closed.Code != 1008 || closed.Reason != "go" || chosen != "b" {
		t.Errorf("the client is told %+v, its subprotocol is %q", closed, chosen)
	}
	if r := <-b.result; r.Code != exit.OK || r.Stdout != "the same: 3 done, 3 received\n" {
		t.Errorf("replay prints %+v", r)
	}
}

// As the server, replay accepts a client that asks for other subprotocols.
func TestOtherSubprotocols(t *testing.T) {
	t.Parallel()
	b := listen(t, "replay", "-listen", "127.0.0.1:0", recording(t,
		`"type":"open","subprotocols":["a","b"],"subprotocol":"b"`, `"type":"close","direction":"in","code":1000`))
	closed := clitest.Talk(t, nil, b.url, "", func(s *airsocket.Socket) {})
	if closed.Code != 1000 {
		t.Errorf("the client is told %+v", closed)
	}
	const want = "expected open, with the subprotocols \"a, b\"\n  got      open, with the subprotocols \"\"\ndifferent in 1 place"
	if r := <-b.result; r.Code != exit.Check || !strings.Contains(r.Stdout, want) {
		t.Errorf("replay prints %+v", r)
	}
}

// A recording of connect -reconnect, with the times of its pings, is replayed with all of its
// connections.
func TestReconnected(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	file := recording(t,
		`"type":"open","url":"ws://elsewhere/"`,
		`"type":"ping","direction":"out","data":"1"`,
		`"type":"pong","direction":"in","data":"1","rtt_ms":0.25`,
		`"type":"close","direction":"out","code":3001,"clean":true`,
		`"type":"reconnect","text":"in 812ms"`,
		`"type":"error","text":"connection refused"`,
		`"type":"reconnect","text":"in 1.5s"`,
		`"type":"open","url":"ws://elsewhere/"`,
		`"type":"message","direction":"out","data":"again"`,
		`"type":"message","direction":"in","data":"again"`,
		`"type":"close","direction":"out","code":1000,"clean":true`)
	r := clitest.Execute(t, nil, "replay", "-speed", "max", file, s.URL())
	if r.Want(t, exit.OK, ""); r.Stdout != "the same: 4 done, 4 received\n" {
		t.Errorf("replay prints %s", r.Stdout)
	}
	r = clitest.Execute(t, nil, "replay", "-speed", "max", file, startUppercase(t))
	if r.Want(t, exit.Check, ""); !strings.HasPrefix(r.Stdout, "connection 2, line 10, ") {
		t.Errorf("replay prints %s", r.Stdout)
	}
}

// startUppercase starts a server that answers in upper case.
func startUppercase(t *testing.T) (url string) {
	return clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(strings.ToUpper(e.Text())) })
	})
}

// A server that ends the connection early is told from one that does not answer.
func TestServerGone(t *testing.T) {
	t.Parallel()
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { s.Close(1011, "no") })
	})
	file := recording(t, `"type":"open"`,
		`"type":"message","direction":"out","data":"a"`, `"type":"message","direction":"in","data":"b"`,
		`"type":"message","direction":"out","data":"c"`)
	r := clitest.Execute(t, nil, "replay", file, url)
	r.Want(t, exit.Check, "")
	if !strings.Contains(r.Stdout, "expected text \"b\"\n  got      close 1011 \"no\"\n") || !strings.HasSuffix(r.Stdout, "1 not done, because the connection was closed\n") {
		t.Errorf("replay prints %s", r.Stdout)
	}
}

// A server that does not answer the close, or breaks the protocol, is told, unless it did so
// in the recording.
func TestFaults(t *testing.T) {
	t.Parallel()
	unanswered := "ws://" + clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		c.Read(make([]byte, 100)) // the close
	})
	const (
		opened = `"type":"open"`
		closed = `"type":"close","direction":"out","code":1000,"clean":true`
		failed = `"type":"error","text":"as ever"`
		ended  = "an error that is not in the recording: wire: the connection ended without a closing handshake\n"
	)
	for _, test := range []struct {
		want   string
		code   int
		events []string
	}{
		{ended + "different in 1 place: 1 done, 1 received\n", exit.Check, []string{opened, closed}},
		{"the same: 1 done, 1 received\n", exit.OK, []string{opened, closed, failed}},
		{"the same: 0 done, 1 received\n", exit.OK, []string{opened}},
	} {
		r := clitest.Execute(t, nil, "replay", recording(t, test.events...), unanswered)
		if r.Want(t, test.code, ""); r.Stdout != test.want {
			t.Errorf("replay of %q prints %s", test.events, r.Stdout)
		}
	}
}

// What is to be sent after the server has broken the protocol cannot be sent.
func TestProtocolBroken(t *testing.T) {
	t.Parallel()
	url := "ws://" + clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		io.WriteString(c, "\x81\x01a\xff\xff")
		<-t.Context().Done() // does not end the connection
	})
	name := filepath.Join(t.TempDir(), "session.jsonl")
	os.WriteFile(name, []byte(`{"time":"2026-01-02T03:04:05Z","type":"open"}
{"time":"2026-01-02T03:04:05Z","type":"message","direction":"in","data":"a"}
{"time":"2026-01-02T03:04:05.2Z","type":"message","direction":"out","data":"b"}
`), 0o600)
	r := clitest.Execute(t, nil, "replay", "-timeout", "3", name, url)
	r.Want(t, exit.Check, "")
	if want := "an error that is not in the recording: wire: unknown opcode\ndifferent in 1 place: 0 done, 2 received, 1 not done, because the connection was closed\n"; r.Stdout != want {
		t.Errorf("replay prints %s", r.Stdout)
	}
}

// What the server cannot take yet waits.
func TestMuchToSend(t *testing.T) {
	t.Parallel()
	got := 0
	url := clitest.ServeWith(t, &airsocket.Options{MaxMessage: 2 << 20}, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if got += len(e.Bytes()); got == 10<<20 {
				s.Send("all of it")
			}
		})
	})
	events := []string{`"type":"open"`}
	for range 10 {
		events = append(events, `"type":"message","direction":"out","data":"`+strings.Repeat("x", 1<<20)+`"`)
	}
	file := recording(t, append(events, `"type":"message","direction":"in","data":"all of it"`)...)
	r := clitest.Execute(t, nil, "replay", "-speed", "max", "-max-message", "1048576", file, url)
	if r.Want(t, exit.OK, ""); r.Stdout != "the same: 10 done, 2 received\n" {
		t.Errorf("replay prints %s", r.Stdout)
	}
}

// A client that has vanished vanishes again, and that is not an error of the server.
func TestBroken(t *testing.T) {
	t.Parallel()
	told := make(chan airsocket.CloseEvent, 1)
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnClose(func(e *airsocket.CloseEvent) { told <- *e })
	})
	for _, code := range []airsocket.StatusCode{1006, 1001} {
		file := recording(t, `"type":"open"`, `"type":"message","direction":"out","data":"a"`,
			fmt.Sprintf(`"type":"close","direction":"out","code":%d,"clean":false`, code))
		r := clitest.Execute(t, nil, "replay", "-speed", "max", file, url)
		if r.Want(t, exit.OK, ""); r.Stdout != "the same: 2 done, 1 received\n" {
			t.Errorf("replay prints %s", r.Stdout)
		}
		if e := <-told; e.Code != code {
			t.Errorf("the server is told %+v, and not %d", e, code)
		}
	}
}

// As the server, replay tells clients by the paths in the recording.
func TestPaths(t *testing.T) {
	t.Parallel()
	b := listen(t, "replay", "-speed", "max", "-listen", "127.0.0.1:0", recording(t,
		`"type":"open","conn":7,"url":"ws://elsewhere/one?x=1"`,
		`"type":"open","conn":3,"url":"ws://elsewhere/two"`,
		`"type":"message","conn":7,"direction":"in","data":"for one"`,
		`"type":"message","conn":3,"direction":"in","data":"for two"`,
		`"type":"close","conn":7,"direction":"in","code":1000`,
		`"type":"message","conn":3,"direction":"out","data":"thanks"`,
		`"type":"close","conn":3,"direction":"in","code":1000`))
	got := map[string]string{}
	d := new(airsocket.Dispatcher)
	open := func(path string) *airsocket.Socket {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got[path] += e.Text()
			s.Send("you are welcome")
		})
		if err := s.Connect(b.url + path); err != nil {
			t.Error(err)
		}
		return s
	}
	d.Run(func() { open("two").OnOpen(func(*airsocket.OpenEvent) { open("one?x=1") }) })
	if got["two"] != "for two" || got["one?x=1"] != "for one" {
		t.Errorf("the clients get %q", got)
	}
	if r := <-b.result; r.Code != exit.Check || !strings.Contains(r.Stdout, "connection 3, line 6, ") {
		t.Errorf("replay prints %+v", r)
	}
}

func TestReplayErrors(t *testing.T) {
	t.Parallel()
	good := recording(t, `"type":"open"`)
	refusing := clitest.StartServe(t, "-versions", "75")
	for _, test := range []struct {
		args, say string
		code      int
	}{
		{"", "takes a file and a URL, not 0", exit.Usage},
		{good, "takes a file and a URL, not 1", exit.Usage},
		{"-listen :0 " + good + " ws://a/", "takes a file and no URL", exit.Usage},
		{"-listen :0 -k " + good, "-k is for clients", exit.Usage},
		{"-speed 0 a b", "not max, nor a number", exit.Usage},
		{"-speed NaN a b", "not max, nor a number", exit.Usage},
		{"-wait 0 a b", "-wait is not positive", exit.Usage},
		{"-conn -1 a b", "-conn is negative", exit.Usage},
		{"-conn 2 " + good + " b", "no connection in the recording", exit.Usage},
		{"-ignore ( a b", "-ignore: ", exit.Usage},
		{"-listen nowhere " + good, "-listen: ", exit.Usage},
		{good + "x ws://a/", "session.jsonlx", exit.Usage},
		{recording(t, `"type":"open"`, `"type":"message"`) + " ws://a/", "session.jsonl: line 2: a message has no data", exit.Usage},
		{recording(t, `"type":"open"`, `"type":"open"`) + " ws://a/", "line 2: the connection is open already", exit.Usage},
		{recording(t, `"type":"message","direction":"in","data":"a"`) + " ws://a/", "no connection in the recording", exit.Usage},
		{good + " 127.0.0.1:1", "refused", exit.Connect},
		{good + " " + refusing.URL(), "426", exit.Refused},
	} {
		clitest.Execute(t, nil, append([]string{"replay"}, strings.Fields(test.args)...)...).Want(t, test.code, test.say)
	}
}

// A server that sends without end does not fill the memory.
func TestFlooded(t *testing.T) {
	t.Parallel()
	long := make([]byte, 1<<20)
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		flood := func() {
			for s.SendBytes(long) == nil && s.BufferedAmount() < 4<<20 {
			}
		}
		s.OnOpen(func(*airsocket.OpenEvent) { flood() })
		s.OnDrain(func(*airsocket.DrainEvent) { flood() })
	})
	file := recording(t, `"type":"open"`, `"type":"close","direction":"in","code":1000`)
	clitest.Execute(t, nil, "replay", "-wait", "1m", file, url).Want(t, exit.Check, "given up: more than 64 MiB")
}

// An interrupt ends a replay that waits for a client, for an answer, or has just begun.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	file := recording(t, `"type":"open"`, `"type":"message","direction":"out","data":"a"`, `"type":"message","direction":"in","data":"b"`)
	const say = "interrupted before the end of the recording"
	done, stop := context.WithCancel(t.Context())
	stop()
	clitest.ExecuteContext(done, nil, "replay", "-listen", "127.0.0.1:0", file).Want(t, exit.Usage, say)

	ctx, stop := context.WithCancel(t.Context())
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { stop() })
	})
	clitest.ExecuteContext(ctx, nil, "replay", "-wait", "1h", file, url).Want(t, exit.Usage, say)
}
