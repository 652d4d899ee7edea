package connect_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// A watched output calls seen, in a goroutine of its own, when it has text for the first
// time.
type watched struct {
	clitest.Output
	text string
	seen func()
	once sync.Once
}

func (w *watched) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		w.once.Do(func() { go w.seen() })
	}
	return w.Output.Write(p)
}

// After the connection is lost, connect says so, connects again, and sends the input that
// came meanwhile.
func TestReconnect(t *testing.T) {
	t.Parallel()
	in, w := io.Pipe()
	var connections atomic.Int32
	first := clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		if connections.Add(1) == 1 {
			c.Write([]byte("\x81\x05first"))
			return // lost, without a closing handshake
		}
		frame := make([]byte, 11) // the text "after", masked
		if _, err := io.ReadFull(c, frame); err != nil {
			t.Error(err)
		}
		c.Write([]byte("\x81\x06second\x88\x02\x03\xe8"))
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
	})
	out := &watched{text: `"type":"reconnect"`, seen: func() {
		io.WriteString(w, "after\n")
		w.Close()
	}}
	code := program.Program.Run(t.Context(), []string{"connect", "ws://" + first, "-reconnect", "-wait", "forever", "-json"}, &command.Std{In: in, Out: out, Err: io.Discard})
	if code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	var types []string
	for line := range strings.Lines(out.String()) {
		var e struct{ Type, Direction, Data, Text string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "error" {
			continue // depends on how the system reports the end
		}
		if e.Type == "reconnect" && !strings.HasPrefix(e.Text, "in ") {
			t.Errorf("reconnect says %q", e.Text)
		}
		types = append(types, strings.TrimSpace(e.Type+" "+e.Data))
	}
	if got, want := strings.Join(types, ", "), "open, message first, close, reconnect, open, message after, message second, close"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What is read while there is no connection is sent on the next one.
func TestReconnectKeepsInput(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet")
	to := strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/")
	var connections atomic.Int32
	broken := clitest.Listen(t, func(c net.Conn) {
		if connections.Add(1) <= 2 {
			return // before the handshake
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer there.Close()
		go io.Copy(there, c)
		io.Copy(c, there)
	})
	in := strings.Repeat("line\n", 1000)
	r := connectWith(t, in, "ws://"+broken, "-reconnect -n 1000")
	r.Want(t, exit.OK, "* error ")
	r.Want(t, exit.OK, "* reconnect in ")
	if r.Stdout != in {
		t.Errorf("%d bytes in, %d bytes out", len(in), len(r.Stdout))
	}
}

// readTexts reads masked texts of less than 126 bytes from a client.
func readTexts(c net.Conn, n int) (texts []string, err error) {
	for range n {
		head := make([]byte, 6)
		if _, err := io.ReadFull(c, head); err != nil {
			return texts, err
		}
		p := make([]byte, head[1]&0x7f)
		if _, err := io.ReadFull(c, p); err != nil {
			return texts, err
		}
		for i := range p {
			p[i] ^= head[2+i%4]
		}
		texts = append(texts, string(p))
	}
	return texts, nil
}

// The texts of -x begin each connection, and what follows them is sent once.
func TestReconnectBeginsWithTexts(t *testing.T) {
	t.Parallel()
	received := make(chan string, 2)
	var connections atomic.Int32
	address := clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		n := 3
		if connections.Add(1) == 2 {
			n = 2
		}
		texts, err := readTexts(c, n)
		if err != nil {
			t.Error(err)
		}
		received <- strings.Join(texts, " ")
		if n == 2 {
			c.Write([]byte("\x88\x02\x03\xe8"))
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		}
	})
	connectWith(t, "line\n", "ws://"+address, "-reconnect -x join -x me -i -wait forever").Want(t, exit.OK, "* reconnect in ")
	if a, b := <-received, <-received; a != "join me line" || b != "join me" {
		t.Errorf("the first connection has %q, the second %q", a, b)
	}
}

// The exit code is that of the last connection, and connecting ends when the server refuses
// for good.
func TestReconnectGivesUp(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	address := clitest.Listen(t, func(c net.Conn) {
		if connections.Add(1) == 1 {
			clitest.AcceptRaw(c)
			c.Write([]byte("\x88\x02\x03\xf4")) // 1012, the service restarts
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
			return
		}
		bufio.NewReader(c).ReadString('\n')
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
	})
	r := connectWith(t, "", "ws://"+address, "-reconnect -wait forever")
	r.Want(t, exit.Refused, "* close 1012\n* reconnect in ")
	r.Want(t, exit.Refused, "* error status 403")
}

// The round-trip time of pings is printed, on stderr and with -json.
func TestPingInterval(t *testing.T) {
	t.Parallel()
	var pings atomic.Int32
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnPing(func(e *airsocket.PingEvent) {
			if string(e.Data) != string('0'+pings.Add(1)) {
				t.Errorf("a ping with %q", e.Data)
			}
			if string(e.Data) == "3" {
				s.Close(1000, "")
			}
		})
	})
	r := connectWith(t, "", url, "-ping-interval 1ms -wait forever")
	r.Want(t, exit.OK, "\n* pong \"1\" after ")
	pings.Store(0)
	r = connectWith(t, "", url, "-ping-interval 1ms -wait forever -json")
	var pong struct {
		RTT float64 `json:"rtt_ms"`
	}
	_, line, _ := strings.Cut(r.Stdout, `"type":"pong"`)
	line, _, _ = strings.Cut(line, "\n")
	if err := json.Unmarshal([]byte("{"+strings.TrimPrefix(line, ",")), &pong); err != nil || pong.RTT <= 0 {
		t.Errorf("a pong has rtt_ms %v (%v): %s", pong.RTT, err, r.Stdout)
	}
}
