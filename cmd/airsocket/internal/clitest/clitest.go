// Package clitest runs the program in tests, with servers that do not use the library and
// clients that do.
package clitest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// asProgram is an environment variable that makes the test binary run the
// program itself.
const asProgram = "AIRSOCKET_TEST_AS_PROGRAM"

// Main runs the tests of m, or the program in a process that AsProgram has started. It is to
// be called by TestMain.
func Main(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		program.Main()
	}
	isProgram = true
	os.Exit(run(m))
}

// isProgram is set if this test binary becomes the program where asProgram is set.
var isProgram bool

// self returns the name of the test binary. Without a TestMain that calls Main, it would not
// run the program but the tests, which would start it again and again.
func self() string {
	if !isProgram {
		panic("clitest: the package needs func TestMain(m *testing.M) { clitest.Main(m) } to run the program in a process")
	}
	return os.Args[0]
}

// run runs the tests as on a terminal that is not dumb, and with a folder of their own for the
// history of what is typed.
func run(m *testing.M) int {
	state, err := os.MkdirTemp("", "state")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(state)
	os.Setenv("XDG_STATE_HOME", state)
	os.Setenv("TERM", "xterm")
	return m.Run()
}

// AsProgram returns a command that runs the program in a process of its own, by means of
// the test binary.
func AsProgram(args ...string) *exec.Cmd {
	cmd := exec.Command(self(), args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// Output is a buffer that a program under test writes to.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// A Result is the outcome of a run of the program.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Execute runs the program.
func Execute(t *testing.T, stdin io.Reader, args ...string) Result {
	t.Helper()
	return ExecuteContext(t.Context(), stdin, args...)
}

// ExecuteContext runs the program until ctx is done, as after an interrupt.
func ExecuteContext(ctx context.Context, stdin io.Reader, args ...string) Result {
	var out, err Output
	code := program.Program.Run(ctx, args, &command.Std{In: stdin, Out: &out, Err: &err})
	return Result{code, out.String(), err.String()}
}

// Want checks the exit code, and that stderr says something.
func (r Result) Want(t *testing.T, code int, stderr string) {
	t.Helper()
	if r.Code != code {
		t.Errorf("exit code %d, want %d; stderr: %s", r.Code, code, r.Stderr)
	}
	if !strings.Contains(r.Stderr, stderr) {
		t.Errorf("stderr is %q, which does not say %q", r.Stderr, stderr)
	}
}

// A Served is a run of serve.
type Served struct {
	t      *testing.T
	Lines  []string // of stdout
	URLs   []string // of the sockets
	Stderr Output
	Stop   context.CancelFunc // as an interrupt does
	exited chan int
}

var listening = regexp.MustCompile(`^listening on (wss?://\S+)$`)

// StartServe runs serve until the test ends. It listens on a free port, and on
// the addresses of each -listen in args.
func StartServe(t *testing.T, args ...string) *Served {
	t.Helper()
	s := &Served{t: t, exited: make(chan int, 1)}
	ctx, stop := context.WithCancel(context.Background())
	s.Stop = stop
	r, w := io.Pipe()
	go func() {
		code := program.Program.Run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), &command.Std{Out: w, Err: &s.Stderr})
		w.Close()
		s.exited <- code
	}()
	t.Cleanup(func() {
		stop()
		io.Copy(io.Discard, r)
	})
	lines := bufio.NewScanner(r)
	for len(s.URLs) < 1+strings.Count(strings.Join(args, " "), "--listen ") && lines.Scan() {
		s.Lines = append(s.Lines, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.URLs = append(s.URLs, m[1])
		}
	}
	if len(s.URLs) == 0 {
		t.Fatalf("serve prints no address: %q; stderr: %s", s.Lines, s.Stderr.String())
	}
	more := make(chan string, 10)
	go func() {
		for lines.Scan() {
			more <- lines.Text()
		}
		close(more)
	}()
	s.Lines = append(s.Lines, <-more)
	if strings.Contains(strings.Join(args, " "), "self-signed") {
		s.Lines = append(s.Lines, <-more)
	}
	return s
}

// URL returns the URL of the first socket.
func (s *Served) URL() string { return s.URLs[0] }

// End stops the server and returns its exit code.
func (s *Served) End() int {
	s.Stop()
	code := <-s.exited
	s.exited <- code
	return code
}

// Listen starts a TCP server that calls fn with each connection, and returns
// its address.
func Listen(t *testing.T, fn func(net.Conn)) (address string) {
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

// Upgraded starts a server that does not use the library, and returns its URL.
// It answers the handshake and waits for the client to end the connection. If
// there are frames, it first sends them and ends its side of the connection.
func Upgraded(t *testing.T, frames string) (url string) {
	return "ws://" + Listen(t, func(c net.Conn) {
		AcceptRaw(c)
		if frames != "" {
			io.WriteString(c, frames)
			c.(*net.TCPConn).CloseWrite()
		}
		io.Copy(io.Discard, c)
	})
}

// AcceptRaw does the opening handshake of a server without the library.
func AcceptRaw(c net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
}

// DialRaw connects and does the opening handshake without the library, and
// returns the connection.
func DialRaw(t *testing.T, url string) net.Conn {
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

// Talk connects a socket with the handlers that attach sets, waits until it is
// closed, and returns its close event.
func Talk(t *testing.T, o *airsocket.Options, url, protocol string, attach func(*airsocket.Socket)) (closed airsocket.CloseEvent) {
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

// Flood sends messages, without reading, until the server stops reading; if it
// never does, the test fails. It returns the bytes that are left to send,
// the payload of each message, and the number of messages.
func Flood(t *testing.T, c net.Conn) (rest, payload []byte, messages int) {
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

// FloodAndRead floods the server and checks that all messages come back.
func FloodAndRead(t *testing.T, url string) {
	t.Helper()
	c := DialRaw(t, url)
	rest, payload, messages := Flood(t, c)
	go c.Write(rest)
	echo := make([]byte, 10+len(payload))
	for i := range messages {
		if _, err := io.ReadFull(c, echo); err != nil || !bytes.Equal(echo[10:], payload) {
			t.Fatalf("message %d did not come back: %v", i, err)
		}
	}
}

// ServeWith starts a Server that calls attach with each socket, and returns its
// URL.
func ServeWith(t *testing.T, o *airsocket.Options, attach func(*airsocket.Socket)) (url string) {
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

// WritePEM writes a PEM file, and returns its name.
func WritePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
