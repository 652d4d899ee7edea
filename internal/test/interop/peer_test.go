package interop

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// interopTimeout is the timeout for anything that a test waits for.
const interopTimeout = 30 * time.Second

// An implementation is something that can be a peer.
type implementation interface {
	// look ends the test if the implementation is not on this machine.
	look(t testing.TB)
	// start runs the implementation in a role until the end of the test.
	start(t testing.TB, role string, options map[string]any) *side
}

// A report says what happened on one side of a connection.
type report struct {
	Event      string // listening, open, text, binary, ping, pong, close, refused, error
	Data       string // a payload, in base64 for binary messages
	Code       int
	Reason     string
	Protocol   string
	Extensions string
	Header     map[string]any
	Status     int
	Body       string
	Message    string
	Port       int

	clean   bool         // of ours
	err     error        // of ours
	version wire.Version // of ours
}

func (r report) String() string {
	if len(r.Data) > 60 {
		r.Data = fmt.Sprintf("%.60q and so on, %d bytes", r.Data, len(r.Data))
	}
	return fmt.Sprintf("%s %q code=%d reason=%q status=%d body=%q message=%q err=%v", r.Event, r.Data, r.Code, r.Reason, r.Status, r.Body, r.Message, r.err)
}

// A command tells one side of a connection what to do.
type command struct {
	Do     string `json:"do"`
	Data   any    `json:"data,omitempty"`
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

func sendText(s string) command { return command{Do: "text", Data: s} }
func sendBinary(p []byte) command {
	return command{Do: "binary", Data: base64.StdEncoding.EncodeToString(p)}
}
func sendPing(s string) command         { return command{Do: "ping", Data: s} }
func sendFragments(s ...string) command { return command{Do: "fragments", Data: s} }
func sendClose(code int, reason string) command {
	return command{Do: "close", Code: code, Reason: reason}
}

// A side is one end of a connection, ours or the peer's. It runs commands and
// reports what happens.
type side struct {
	t       testing.TB
	name    string
	do      func(command)
	reports chan report
	socket  *airsocket.Socket // of ours
}

// within returns the next value of c. It waits for at most interopTimeout.
func within[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("the peer has ended")
		}
		return v
	case <-time.After(interopTimeout):
		t.Fatal("nothing has come from the peer")
	}
	panic("not reached")
}

// next returns the next report.
func (s *side) next() report {
	s.t.Helper()
	return within(s.t, s.reports)
}

// want returns the next report, which must have this event.
func (s *side) want(event string) report {
	s.t.Helper()
	r := s.next()
	if r.Event != event {
		s.t.Fatalf("%s reports %v, want %s", s.name, r, event)
	}
	return r
}

// wantData waits for the next report, which must have this event and data.
func (s *side) wantData(event, data string) {
	s.t.Helper()
	if r := s.want(event); r.Data != data {
		s.t.Fatalf("%s reports %v, want %v", s.name, r, report{Event: event, Data: data})
	}
}

func newSide(t testing.TB, name string) *side {
	return &side{t: t, name: name, reports: make(chan report, 1024)}
}

// tell reports r, unless the test is over.
func (s *side) tell(r report) {
	select {
	case s.reports <- r:
	case <-s.t.Context().Done():
	}
}

// use makes s the Socket of our side. From then on, us runs commands on s and
// reports its events. s must not be open yet.
func (us *side) use(s *airsocket.Socket) {
	us.socket = s
	us.do = func(c command) {
		us.t.Helper()
		if err := doOurs(s, c); err != nil {
			us.t.Fatalf("our side cannot do %s: %v", c.Do, err)
		}
	}
	s.OnOpen(func(*airsocket.OpenEvent) {
		r := report{Event: "open", Protocol: s.Protocol(), Extensions: s.Extensions(), version: s.Version()}
		if q := s.Request(); q != nil {
			r.Header = map[string]any{"x-question": q.Header.Get("X-Question")}
		}
		us.tell(r)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Binary() {
			us.tell(report{Event: "binary", Data: base64.StdEncoding.EncodeToString(e.Bytes())})
		} else {
			us.tell(report{Event: "text", Data: e.Text()})
		}
	})
	s.OnPing(func(e *airsocket.PingEvent) { us.tell(report{Event: "ping", Data: string(e.Data)}) })
	s.OnPong(func(e *airsocket.PongEvent) { us.tell(report{Event: "pong", Data: string(e.Data)}) })
	s.OnError(func(e *airsocket.ErrorEvent) {
		us.tell(report{Event: "error", err: e.Err, Status: e.Status, Body: string(e.Body), Header: anyHeader(e.Header)})
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		us.tell(report{Event: "close", Code: int(e.Code), Reason: e.Reason, clean: e.WasClean})
	})
}

func doOurs(s *airsocket.Socket, c command) error {
	switch c.Do {
	case "text":
		return s.Send(c.Data.(string))
	case "binary":
		p, err := base64.StdEncoding.DecodeString(c.Data.(string))
		if err != nil {
			return err
		}
		return s.SendBytes(p)
	case "ping":
		return s.Ping([]byte(c.Data.(string)))
	case "close":
		return s.Close(airsocket.StatusCode(c.Code), c.Reason)
	}
	return fmt.Errorf("no such command")
}

func anyHeader(h http.Header) map[string]any {
	m := make(map[string]any, len(h))
	for name := range h {
		m[strings.ToLower(name)] = h.Get(name)
	}
	return m
}

// A program is an implementation that runs in a process, which
// testdata/peers/peer.js says how to drive.
type program struct {
	interpreter string
	needs       []string // arguments with which the interpreter succeeds if the program can run
	file        string   // in testdata/peers
}

func node(file, module string) program {
	return program{"node", []string{"-e", "require.resolve('" + module + "', {paths: ['testdata/peers']})"}, file}
}

var (
	python = program{"python3", []string{"-c", "import websockets"}, "python-websockets.py"}
	ruby   = program{"ruby", []string{"-e", "require 'websocket/driver'"}, "ruby-driver.rb"}
)

// interpretersFound maps the file of a program to the path of its interpreter,
// or to "".
var interpretersFound sync.Map

func (p program) look(t testing.TB) {
	t.Helper()
	p.find(t)
}

// find returns the path of the first of the interpreters in the PATH that has
// what the program needs.
func (p program) find(t testing.TB) string {
	t.Helper()
	found, ok := interpretersFound.Load(p.file)
	if !ok {
		found = ""
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			path, err := exec.LookPath(filepath.Join(dir, p.interpreter))
			if err == nil && exec.Command(path, p.needs...).Run() == nil {
				found = path
				break
			}
		}
		interpretersFound.Store(p.file, found)
	}
	if found == "" {
		wstest.Missing(t, fmt.Sprintf("%s with what testdata/peers/%s needs", p.interpreter, p.file))
	}
	return found.(string)
}

// start runs the program in a role until the end of the test.
func (p program) start(t testing.TB, role string, options map[string]any) *side {
	t.Helper()
	arg, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), p.find(t), filepath.Join("testdata", "peers", p.file), role, string(arg))
	them := newSide(t, p.file)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	them.do = func(c command) {
		t.Helper()
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stdin.Write(append(line, '\n')); err != nil {
			t.Fatalf("%s: %v", p.file, err)
		}
	}
	wstest.RunChild(t, cmd, cmd.StdoutPipe, func(lines *bufio.Scanner) {
		defer close(them.reports)
		for lines.Scan() {
			var r report
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				r = report{Event: "error", Message: "not a report: " + lines.Text()}
			}
			them.tell(r)
		}
	})
	return them
}
