//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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
func serve(t *testing.T, f, stderr *os.File, args ...string) *service {
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
	args = append([]string{"-addr", "127.0.0.1:0", "-journal", s.journal}, args...)
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
		if !hung.Stop() {
			t.Errorf("the processes have not ended in %v", mostTime)
		}
		if t.Failed() {
			kill()
		}
	})
	s.stdout = bufio.NewReader(r)
	s.addr = s.listening()
	s.wantNotice("READY=1")
	s.pid = s.first.Process.Pid
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

// notice returns what systemd is told next.
func (s *service) notice() string {
	s.t.Helper()
	p := make([]byte, 100)
	n, err := s.notices.Read(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(p[:n])
}

func (s *service) wantNotice(want string) {
	s.t.Helper()
	if got := s.notice(); got != want {
		s.t.Fatalf("systemd is told %q instead of %q", got, want)
	}
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
	if addr := s.listening(); addr != s.addr {
		s.t.Errorf("the new process listens on %s instead of %s", addr, s.addr)
	}
	s.handedOver()
}

// handedOver waits until the main process has told systemd which one replaces it.
func (s *service) handedOver() {
	s.t.Helper()
	before, notice := s.pid, s.notice()
	if _, err := fmt.Sscanf(notice, "MAINPID=%d", &s.pid); err != nil || s.pid == before {
		s.t.Fatalf("systemd is told %q by process %d", notice, before)
	}
}

// stop ends the main process and waits like ended.
func (s *service) stop() []string {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	return s.ended()
}

// ended waits until all processes have ended. It returns the lines of the journal.
func (s *service) ended() []string {
	s.t.Helper()
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
