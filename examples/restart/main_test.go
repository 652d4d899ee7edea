//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

const asExample = "AIRSOCKET_RESTART_EXAMPLE"

// mostTime is how long a test may take.
const mostTime = time.Minute

// TestMain lets the tests run the example as a process.
func TestMain(m *testing.M) {
	if os.Getenv(asExample) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A service is the processes of the example, of which the first one starts the others.
type service struct {
	t       *testing.T
	addr    string
	pid     int // of the main process
	first   *exec.Cmd
	notices *net.UnixConn // what the processes tell systemd
	stdout  *bufio.Reader
	journal string
}

// serve starts the example. The listening socket is one of systemd if f is not nil.
func serve(t *testing.T, f, stderr *os.File) *service {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &service{t: t, journal: filepath.Join(dir, "journal")}
	notify := filepath.Join(dir, "notify")
	if s.notices, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.notices.Close() })
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	args := []string{"-addr", "127.0.0.1:0", "-journal", s.journal}
	s.first = exec.Command(self, args...)
	s.first.Env = append(os.Environ(), asExample+"=1", "NOTIFY_SOCKET="+notify,
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")) // or each process takes a second to end
	if f != nil {
		s.first.Path, s.first.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, self}, args...)
		s.first.Env = append(s.first.Env, "LISTEN_FDS=1")
		s.first.ExtraFiles = []*os.File{f}
	}
	s.first.Stdout, s.first.Stderr = w, stderr
	s.first.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.first.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	kill := func() { syscall.Kill(-s.first.Process.Pid, syscall.SIGKILL) }
	hung := time.AfterFunc(mostTime, kill) // they would outlive the test
	s.notices.SetReadDeadline(time.Now().Add(mostTime))
	t.Cleanup(func() {
		hung.Stop()
		if t.Failed() {
			kill()
		}
	})
	s.stdout = bufio.NewReader(r)
	s.addr = s.listening()
	s.pid = s.ready()
	return s
}

// listening returns the address that the next process prints.
func (s *service) listening() string {
	s.t.Helper()
	line, err := s.stdout.ReadString('\n')
	addr, ok := strings.CutPrefix(line, "listening on ")
	if !ok {
		s.t.Fatalf("the line is %q, %v", line, err)
	}
	return strings.TrimSpace(addr)
}

// ready returns the number of the next process that is ready.
func (s *service) ready() (pid int) {
	s.t.Helper()
	p := make([]byte, 100)
	n, err := s.notices.Read(p)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(p[:n]), "READY=1\nMAINPID=%d", &pid); err != nil {
		s.t.Fatalf("%q: %v", p[:n], err)
	}
	return pid
}

// signal sends a signal to the main process.
func (s *service) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(s.pid, sig); err != nil {
		s.t.Fatal(err)
	}
}

// restart replaces the main process by another one.
func (s *service) restart() {
	s.t.Helper()
	s.signal(syscall.SIGHUP)
	s.replaced()
}

// replaced waits until there is another main process.
func (s *service) replaced() {
	s.t.Helper()
	before := s.pid
	if addr := s.listening(); addr != s.addr {
		s.t.Errorf("the new process listens on %s instead of %s", addr, s.addr)
	}
	if s.pid = s.ready(); s.pid == before {
		s.t.Error("there is no new process")
	}
}

// stop ends the main process, and waits until all processes have ended. It returns the
// lines of the journal.
func (s *service) stop() []string {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	s.first.Wait()
	if rest, err := io.ReadAll(s.stdout); err != nil || len(rest) > 0 {
		s.t.Errorf("%q %v", rest, err)
	}
	text, err := os.ReadFile(s.journal)
	if err != nil {
		s.t.Error(err)
	}
	return strings.Fields(string(text))
}

const request = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// wantAccepted checks that the server has accepted the request on conn.
func wantAccepted(t *testing.T, conn net.Conn) *bufio.Reader {
	t.Helper()
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res.Status)
	}
	return r
}

// TestHalfOpen checks that the old process completes an opening handshake of which it had
// only a part, and then closes that socket too.
func TestHalfOpen(t *testing.T) {
	s := serve(t, nil, os.Stderr)
	conn := dial(t, s.addr)
	io.WriteString(conn, request[:50])
	other := stage.Connect(t, nil, "ws://"+s.addr)
	other.Want("open ") // connections are accepted in order
	other.Send("x")
	other.Want(fmt.Sprint("text ", s.pid, " has x"))

	s.restart()
	other.Want("close 1001 restart") // so the old process is about to end
	io.WriteString(conn, request[50:])
	closeFrame := []byte("\x88\x09\x03\xe9restart")
	if p, err := io.ReadAll(io.LimitReader(wantAccepted(t, conn), int64(len(closeFrame)))); err != nil || !bytes.Equal(p, closeFrame) {
		t.Errorf("%q %v", p, err)
	}
	conn.Close()
	if got := s.stop(); !slices.Equal(got, []string{"x"}) {
		t.Errorf("journal: %q", got)
	}
}

// TestBacklog checks that connections that the system has accepted, and the old process has
// not, are served by one of the processes.
func TestBacklog(t *testing.T) {
	s := serve(t, nil, os.Stderr)
	s.signal(syscall.SIGSTOP)
	var conns []net.Conn
	for range 100 {
		conn := dial(t, s.addr)
		io.WriteString(conn, request)
		conns = append(conns, conn)
	}
	s.signal(syscall.SIGHUP)
	s.signal(syscall.SIGCONT)
	s.replaced()
	for _, conn := range conns {
		wantAccepted(t, conn)
		conn.Close()
	}
	s.stop()
}

// TestSuccessorFails checks that the old process goes on if the new one cannot start.
func TestSuccessorFails(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := serve(t, nil, w)
	w.Close()
	c := stage.Connect(t, nil, "ws://"+s.addr)
	c.Want("open ")
	if err := os.Remove(s.journal); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.journal, 0o755); err != nil { // cannot be opened as a file
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	lines := bufio.NewScanner(r)
	for lines.Scan() && !strings.Contains(lines.Text(), "the new process is not ready: exit status 1") {
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	c.Send("x")
	c.Want(fmt.Sprint("text ", s.pid, " has x"))
	stage.Connect(t, nil, "ws://"+s.addr).Want("open ")
	if err := os.Remove(s.journal); err != nil {
		t.Fatal(err)
	}
	s.restart()
	c.Want("close 1001 restart")
	s.stop()
}
