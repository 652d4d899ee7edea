package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// asProgram is an environment variable that makes the test binary run the
// program itself.
const asProgram = "AIRSOCKET_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// output is a buffer that a program under test writes to.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// A result is the outcome of a run of the program.
type result struct {
	code           int
	stdout, stderr string
}

func command(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	return commandContext(t.Context(), stdin, args...)
}

func commandContext(ctx context.Context, stdin io.Reader, args ...string) result {
	var out, err output
	code := run(ctx, args, stdin, &out, &err)
	return result{code, out.String(), err.String()}
}

func (r result) want(t *testing.T, code int, stderr string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d; stderr: %s", r.code, code, r.stderr)
	}
	if !strings.Contains(r.stderr, stderr) {
		t.Errorf("stderr is %q, which does not say %q", r.stderr, stderr)
	}
}

// A served is a run of serve.
type served struct {
	t      *testing.T
	lines  []string // of stdout
	urls   []string // of the sockets
	stderr output
	stop   context.CancelFunc
	exited chan int
}

var listening = regexp.MustCompile(`^listening on (wss?://\S+)$`)

// startServe runs serve until the test ends. It listens on a free port, and on
// the addresses of each -listen in args.
func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	s := &served{t: t, exited: make(chan int, 1)}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	r, w := io.Pipe()
	go func() {
		code := run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), nil, w, &s.stderr)
		w.Close()
		s.exited <- code
	}()
	t.Cleanup(func() {
		stop()
		io.Copy(io.Discard, r)
	})
	lines := bufio.NewScanner(r)
	for len(s.urls) < 1+strings.Count(strings.Join(args, " "), "--listen ") && lines.Scan() {
		s.lines = append(s.lines, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.urls = append(s.urls, m[1])
		}
	}
	if len(s.urls) == 0 {
		t.Fatalf("serve prints no address: %q; stderr: %s", s.lines, s.stderr.String())
	}
	more := make(chan string, 10)
	go func() {
		for lines.Scan() {
			more <- lines.Text()
		}
		close(more)
	}()
	s.lines = append(s.lines, <-more)
	if strings.Contains(strings.Join(args, " "), "self-signed") {
		s.lines = append(s.lines, <-more)
	}
	return s
}

func (s *served) url() string { return s.urls[0] }

// end stops the server and returns its exit code.
func (s *served) end() int {
	s.stop()
	code := <-s.exited
	s.exited <- code
	return code
}

// listen starts a TCP server that calls fn with each connection, and returns
// its address.
func listen(t *testing.T, fn func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fn(c)
			}()
		}
	}()
	return l.Addr().String()
}

// upgraded starts a server that does not use the library, and returns its URL.
// It answers the handshake and waits for the client to end the connection. If
// there are frames, it first sends them and ends its side of the connection.
func upgraded(t *testing.T, frames string) (url string) {
	return "ws://" + listen(t, func(c net.Conn) {
		acceptRaw(c)
		if frames != "" {
			io.WriteString(c, frames)
			c.(*net.TCPConn).CloseWrite()
		}
		io.Copy(io.Discard, c)
	})
}

func acceptRaw(c net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
}

// dialRaw connects and does the opening handshake without the library, and
// returns the connection.
func dialRaw(t *testing.T, url string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(url, "ws:"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one...) {
		if _, err := io.ReadFull(c, one); err != nil {
			t.Fatalf("no answer to the handshake: %v after %q", err, head)
		}
	}
	return c
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"-h"}, {"serve", "-h"}, {"connect", "--help"}} {
		r := command(t, nil, args...)
		r.want(t, exitOK, "")
		if !strings.HasPrefix(r.stdout, "usage: airsocket") || r.stderr != "" {
			t.Errorf("%q: stdout %.60q, stderr %q", args, r.stdout, r.stderr)
		}
	}
	command(t, nil).want(t, exitUsage, "usage: airsocket")
}
