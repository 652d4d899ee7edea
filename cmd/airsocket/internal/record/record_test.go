package record_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// server starts a Server that decides on requests, and returns its URL.
func server(t *testing.T, decide func(*airsocket.Request)) (url string) {
	t.Helper()
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Origins: []string{"*"}}}
	srv.OnRequest(decide)
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return "ws://" + l.Addr().String()
}

// Everything is passed on in both directions, and recorded.
func TestPassedOn(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 1)
	url := server(t, func(r *airsocket.Request) {
		asked <- r.HTTP()
		r.ResponseHeader = http.Header{"X-Answer": {"42"}}
		s, err := r.Accept("b")
		if err != nil {
			t.Error(err)
			return
		}
		s.OnMessage(func(e *airsocket.MessageEvent) {
			s.SendMessage(e.Kind(), append([]byte("re: "), e.Bytes()...))
			s.Ping([]byte("from the server"))
		})
		s.OnPong(func(e *airsocket.PongEvent) { s.Close(4001, "that is all") })
	})
	rec := record(t, "-n", "1", "-H", "X-Own: yes", url)
	var got []string
	closed := clitest.Talk(t, &airsocket.Options{Origin: "http://o.example", Header: http.Header{"X-One": {"1"}, "X-Own": {"no"}}}, rec.url+"path?query=1", "b", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			_, header := s.Response()
			got = append(got, s.Protocol(), header.Get("X-Answer"))
			s.Ping([]byte("from the client"))
		})
		s.OnPong(func(e *airsocket.PongEvent) {
			got = append(got, "pong "+string(e.Data))
			s.SendBytes([]byte{1})
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, fmt.Sprintf("%t %q", e.Binary(), e.Bytes())) })
		s.OnPing(func(e *airsocket.PingEvent) { got = append(got, "ping "+string(e.Data)) })
	})
	if closed.Code != 4001 || closed.Reason != "that is all" || !closed.WasClean {
		t.Errorf("the client is told %+v", closed)
	}
	if want := []string{"b", "42", "pong from the client", `true "re: \x01"`, "ping from the server"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the client gets %q, want %q", got, want)
	}
	r := <-asked
	if r.URL.String() != "/path?query=1" || r.Header.Get("Origin") != "http://o.example" || r.Header.Get("X-One") != "1" || r.Header.Get("X-Own") != "yes" {
		t.Errorf("the server is asked %v with %v", r.URL, r.Header)
	}
	result := <-rec.result
	result.Want(t, exit.OK, "")
	var kinds []string
	for _, e := range events(t, result.Stdout) {
		if e.Conn != 1 {
			t.Errorf("the connection is %d", e.Conn)
		}
		kinds = append(kinds, fmt.Sprintf("%s out=%t %q", e.Kind, e.Out || e.Began, e.Data))
		switch e.Kind {
		case "open":
			if e.URL != url+"/path?query=1" || e.Chosen != "b" || !reflect.DeepEqual(e.Asked, []string{"b"}) {
				t.Errorf("the open is %+v", e)
			}
		case "close":
			if e.Code != 4001 || e.Text != "that is all" || !e.Clean {
				t.Errorf("the close is %+v", e)
			}
		}
	}
	want := []string{
		`open out=false ""`, `ping out=true "from the client"`, `pong out=false "from the client"`,
		`message out=true "\x01"`, `message out=false "re: \x01"`, `ping out=false "from the server"`,
		`pong out=true "from the server"`, `close out=false ""`,
	}
	if !reflect.DeepEqual(kinds, want) {
		t.Errorf("recorded are\n%s\nwant\n%s", strings.Join(kinds, "\n"), strings.Join(want, "\n"))
	}
}

// How the client closes, the server is told, also with a code that browsers send and
// programs may not, and without a closing handshake.
func TestClientCloses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*airsocket.Socket)
		want journal.Event
	}{
		{"code", func(s *airsocket.Socket) { s.Close(3333, "reason") }, journal.Event{Code: 3333, Text: "reason", Clean: true}},
		{"none", func(s *airsocket.Socket) { s.Close(0, "") }, journal.Event{Code: 1005, Clean: true}},
		{"going", func(s *airsocket.Socket) { s.Drop(1001, "") }, journal.Event{Code: 1001}},
		{"broken", func(s *airsocket.Socket) { go s.Conn().Close() }, journal.Event{Code: 1006}},
		// It has sent a code, and does not wait for the answer.
		{"reset", nil, journal.Event{Code: 1001}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			told := make(chan airsocket.CloseEvent, 1)
			url := server(t, func(r *airsocket.Request) {
				if s, err := r.Accept(""); err == nil {
					s.OnClose(func(e *airsocket.CloseEvent) { told <- *e })
				}
			})
			rec := record(t, "-n", "1", url)
			if test.end == nil {
				c := clitest.DialRaw(t, rec.url)
				c.Write([]byte("\x88\x82\x00\x00\x00\x00\x03\xe9"))
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			} else {
				clitest.Talk(t, nil, rec.url, "", func(s *airsocket.Socket) {
					s.OnOpen(func(*airsocket.OpenEvent) { test.end(s) })
				})
			}
			if e := <-told; e.Code != test.want.Code || e.Reason != test.want.Text {
				t.Errorf("the server is told %d %q", e.Code, e.Reason)
			}
			all := events(t, (<-rec.result).Stdout)
			last := all[len(all)-1]
			if last.Kind != "close" || !last.Began || last.Code != test.want.Code || last.Text != test.want.Text || test.want.Clean && !last.Clean {
				t.Errorf("recorded is %+v", last)
			}
		})
	}
}

// That a server does not answer the close is recorded after it.
func TestCloseUnanswered(t *testing.T) {
	t.Parallel()
	rec := record(t, "-n", "1", clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		c.Read(make([]byte, 100)) // the close
	}))
	clitest.Talk(t, nil, rec.url, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(3000, "") })
	})
	all := events(t, (<-rec.result).Stdout)
	if len(all) != 3 || all[1].Kind != "close" || !all[1].Clean || all[2].Kind != "error" || !strings.HasPrefix(all[2].Text, "server: ") {
		t.Errorf("recorded is %+v", all)
	}
}

// A refusal is passed on with its status, header and body, and so is that there is no
// server.
func TestRefused(t *testing.T) {
	t.Parallel()
	url := server(t, func(r *airsocket.Request) {
		r.ResponseHeader = http.Header{"X-Why": {"because"}}
		r.Reject(403, "not you")
	})
	for url, want := range map[string]int{url: 403, "127.0.0.1:1": 502} {
		rec := record(t, "-n", "1", url)
		refused := make(chan airsocket.ErrorEvent, 1)
		clitest.Talk(t, nil, rec.url, "", func(s *airsocket.Socket) {
			s.OnError(func(e *airsocket.ErrorEvent) { refused <- *e })
		})
		e := <-refused
		if e.Status != want || want == 403 && (e.Header.Get("X-Why") != "because" || !strings.Contains(string(e.Body), "not you")) {
			t.Errorf("%s: the client is told %d %v %q", url, e.Status, e.Header, e.Body)
		}
		r := <-rec.result
		r.Want(t, exit.OK, "")
		if all := events(t, r.Stdout); len(all) != 1 || all[0].Kind != "error" || want == 403 && all[0].Status != 403 {
			t.Errorf("recorded is %+v", all)
		}
	}
}

// Several connections are in one file, which only its owner may read. An interrupt ends the
// recording, with those that are open.
func TestFile(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	file := filepath.Join(t.TempDir(), "session.jsonl")
	rec := record(t, "-o", file, "-subprotocol", "echo-protocol", s.URL())
	for _, text := range []string{"one", "two"} {
		clitest.Execute(t, nil, "connect", rec.url, "-x", text, "-wait", "100ms").Want(t, exit.OK, "close 1000")
	}
	closed := clitest.Talk(t, nil, rec.url, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("three") })
		s.OnMessage(func(*airsocket.MessageEvent) { rec.stop() })
	})
	if closed.Code != 1001 && closed.Code != 1000 {
		t.Errorf("at an interrupt the client is told %d", closed.Code)
	}
	(<-rec.result).Want(t, exit.OK, "")
	texts := map[int]string{}
	for _, e := range events(t, readFile(t, file)) {
		switch e.Kind {
		case "message":
			texts[e.Conn] += string(e.Data) + " "
		case "close":
			texts[e.Conn] += "close"
		case "open":
			if e.Chosen != "echo-protocol" {
				t.Errorf("-subprotocol: %+v", e)
			}
		}
	}
	if want := map[int]string{1: "one one close", 2: "two two close", 3: "three three "}; !reflect.DeepEqual(texts, want) {
		t.Errorf("recorded are %v", texts)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// The third has no close, so the replay ends it.
	r := clitest.Execute(t, nil, "replay", "-speed", "max", file, s.URL())
	if r.Want(t, exit.OK, ""); r.Stdout != "the same: 5 done, 6 received\n" {
		t.Errorf("replay prints %s", r.Stdout)
	}
}

// A refusal with a long body, and a server that does not answer, are passed on as what they are.
func TestRefusedByOthers(t *testing.T) {
	t.Parallel()
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		w.WriteHeader(403)
		w.Write(bytes.Repeat([]byte("no "), 40_000)[:100_000])
	}))
	t.Cleanup(long.Close)
	silent := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	for _, test := range []struct {
		url, begin string
		status     int
	}{
		{strings.Replace(long.URL, "http", "ws", 1), "no no ", 403},
		{silent, "the server cannot be reached", 502},
	} {
		rec := record(t, "-n", "1", "-timeout", "200ms", test.url)
		c, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(rec.url, "ws:"), "/"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != test.status || !strings.HasPrefix(string(body), test.begin) {
			t.Errorf("the client is told %d %v and %d bytes: %.40q, %v", r.StatusCode, r.Header, len(body), body, err)
		}
	}
}

type full struct{}

var errFull = errors.New("no space")

func (full) Write([]byte) (int, error) { return 0, errFull }

// If the recording cannot be written, record ends.
func TestOutputFails(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	r, w := io.Pipe()
	result := make(chan int, 1)
	var said clitest.Output
	go func() {
		result <- program.Program.Run(t.Context(), []string{"record", "-listen", "127.0.0.1:0", s.URL()}, &command.Std{Out: full{}, Err: w})
		w.Close()
	}()
	lines := bufio.NewReader(r)
	line, _ := lines.ReadString('\n')
	go io.Copy(&said, lines)
	clitest.Talk(t, nil, strings.TrimPrefix(strings.TrimSpace(line), "listening on "), "", func(*airsocket.Socket) {})
	if code := <-result; code != exit.Usage {
		t.Errorf("exit code %d", code)
	}
}

func TestRecordErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, say string }{
		{"", "record takes one URL, not 0"},
		{"a b", "record takes one URL, not 2"},
		{"-n -1 a", "-n is negative"},
		{"-o " + t.TempDir() + " 127.0.0.1:1 -listen 127.0.0.1:0", "-o: "},
		{"-listen nowhere a", "-listen: "},
		{"-max-message 0 a", "-max-message is 0"},
	} {
		clitest.Execute(t, nil, append([]string{"record"}, strings.Fields(test.args)...)...).Want(t, exit.Usage, test.say)
	}
}
