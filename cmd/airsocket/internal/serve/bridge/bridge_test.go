package bridge_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/bridge"
	"github.com/airsocket/airsocket/wire"
)

// exchange sends binary messages, and returns what comes until the connection has ended. When
// all of want has come it closes the connection.
func exchange(t *testing.T, url, protocol, want string, messages ...string) (got string, closed airsocket.CloseEvent) {
	t.Helper()
	closed = clitest.Talk(t, nil, url, protocol, func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			for _, m := range messages {
				s.SendBytes([]byte(m))
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if !e.Binary() {
				t.Errorf("%q is a text", e.Text())
			}
			if got += e.Text(); want != "" && len(got) >= len(want) {
				s.Close(airsocket.StatusNormalClosure, "")
			}
		})
	})
	return got, closed
}

func TestBridgeEcho(t *testing.T) {
	t.Parallel()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	long := strings.Repeat(string(every), 4000)
	target := clitest.Listen(t, func(c net.Conn) { io.Copy(c, c) })
	s := clitest.StartServe(t, "--tcp", target)
	for _, protocol := range []string{"", bridge.Protocol} {
		got, closed := exchange(t, s.URL(), protocol, string(every)+long, string(every), "", long)
		if got != string(every)+long || closed.Code != airsocket.StatusNormalClosure {
			t.Errorf("subprotocol %q: %d bytes came back, closed with %d", protocol, len(got), closed.Code)
		}
	}
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "a", "-version", "75").Want(t, exit.Refused, "426")
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "a", "-origin", "http://evil.example").Want(t, exit.Refused, "403")
}

func TestBridgeUnix(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "target")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
	if got, _ := exchange(t, clitest.StartServe(t, "--tcp", "unix:"+path).URL(), "", "hello", "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// TestBridgeEnds checks what the client is told of the end of the TCP connection.
func TestBridgeEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		target string
		got    string
		code   airsocket.StatusCode
		reason string
	}{
		{"closed", clitest.Listen(t, func(c net.Conn) {
			io.ReadFull(c, make([]byte, 1)) // what is not read would break the connection
			io.WriteString(c, "bye")
		}), "bye", 1000, ""},
		{"half closed", clitest.Listen(t, func(c net.Conn) {
			io.WriteString(c, "bye")
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		}), "bye", 1000, ""},
		{"broken", clitest.Listen(t, func(c net.Conn) {
			io.ReadFull(c, make([]byte, 1))
			c.(*net.TCPConn).SetLinger(0)
		}), "", 1014, "the connection to the TCP server has broken"},
		{"refused", "127.0.0.1:1", "", 1014, "the TCP server cannot be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, closed := exchange(t, clitest.StartServe(t, "--tcp", test.target).URL(), "", "", "x")
			if got != test.got || closed.Code != test.code || closed.Reason != test.reason || !closed.WasClean {
				t.Errorf("got %q, closed with %d %q, clean %v", got, closed.Code, closed.Reason, closed.WasClean)
			}
		})
	}
}

// TestBridgeClientEnds checks that the TCP server gets all that the client has sent, and then
// the end, and can still send.
func TestBridgeClientEnds(t *testing.T) {
	t.Parallel()
	type result struct {
		data string
		err  error
	}
	results := make(chan result, 1)
	target := clitest.Listen(t, func(c net.Conn) {
		p, err := io.ReadAll(c)
		if err == nil {
			_, err = c.Write(make([]byte, 32<<20)) // more than the system keeps
		}
		results <- result{string(p), err}
	})
	url := clitest.StartServe(t, "--tcp", target).URL()
	long := strings.Repeat("airsocket", 20_000)
	clitest.Talk(t, nil, url, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.SendBytes([]byte(long))
			s.SendBytes([]byte("end"))
			s.Close(airsocket.StatusNormalClosure, "")
		})
	})
	if r := <-results; r.data != long+"end" || r.err != nil {
		t.Errorf("the TCP server got %d bytes, %v", len(r.data), r.err)
	}
}

func TestBridgeRefusesText(t *testing.T) {
	t.Parallel()
	ended := make(chan string, 1)
	target := clitest.Listen(t, func(c net.Conn) {
		p, _ := io.ReadAll(c)
		ended <- string(p)
	})
	closed := clitest.Talk(t, nil, clitest.StartServe(t, "--tcp", target).URL(), "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.SendBytes([]byte("a"))
			s.Send("b")
			s.SendBytes([]byte("c"))
		})
	})
	if got := <-ended; closed.Code != airsocket.StatusUnsupportedData || got != "a" {
		t.Errorf("closed with %d, the TCP server got %q", closed.Code, got)
	}
}

// serveBridge serves without the rest of the program.
func serveBridge(t *testing.T, target string, o *airsocket.Options) (b *bridge.Server, url string) {
	b = &bridge.Server{Network: "tcp", Address: target, Probe: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
	o.Parallel = true
	return b, clitest.ServeWith(t, o, b.Connect)
}

// TestBridgeSlowClient checks that a TCP server waits for a client that does not read, and
// that nothing is lost.
func TestBridgeSlowClient(t *testing.T) {
	t.Parallel()
	const limit, all = 100_000, 32 << 20
	target := clitest.Listen(t, func(c net.Conn) {
		for i := range all >> 15 {
			c.Write(bytes.Repeat([]byte{byte(i)}, 1<<15))
		}
	})
	var most atomic.Int64
	var once sync.Once
	full := make(chan struct{})
	o := &airsocket.Options{MaxBuffered: limit}
	o.Hooks = &airsocket.Hooks{Sent: func(s *airsocket.Socket, _ wire.Kind, _ int) {
		n := int64(s.BufferedAmount())
		if n > most.Load() {
			most.Store(n)
		}
		if n > limit/2 {
			once.Do(func() { close(full) })
		}
	}}
	_, url := serveBridge(t, target, o)
	got := 0
	clitest.Talk(t, nil, url, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Pause()
			go func() {
				<-full
				s.Resume()
			}()
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			for _, b := range e.Bytes() {
				if b != byte(got>>15) {
					t.Fatalf("byte %d is %d", got, b)
				}
				got++
			}
		})
	})
	if got != all || most.Load() > limit {
		t.Errorf("%d bytes came, %d waited", got, most.Load())
	}
}

// TestBridgeSlowServer checks that a client waits for a TCP server that does not read, and
// that its end is noticed then.
func TestBridgeSlowServer(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	target := clitest.Listen(t, func(net.Conn) { <-gone })
	b, url := serveBridge(t, target, &airsocket.Options{})
	c := clitest.DialRaw(t, url)
	clitest.Flood(t, c)
	c.Close()
	b.Wait()
	close(gone)
}

func TestBridgeUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, say string }{
		{"--tcp nowhere", `-tcp is HOST:PORT or unix:/PATH, not "nowhere"`},
		{"--tcp unix:", "-tcp is HOST:PORT"},
		{"--tcp=", "the value of -tcp is empty"},
		{"--tcp localhost:1 --versions 13,76", "version 76 of the protocol has no binary messages"},
		{"--tcp localhost:1 extra", `not "extra"`},
	} {
		clitest.Execute(t, nil, append([]string{"serve"}, strings.Fields(test.args)...)...).Want(t, exit.Usage, test.say)
	}
}
