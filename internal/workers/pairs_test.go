//go:build linux

package workers_test

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/workers"
)

// A served is a Server for one end of a pair. What it does is given by functions.
type served struct {
	workers.Task
	fd      int
	in      func(s *served, hup bool)
	more    func() bool // what In returns; false if it is nil
	out     func(s *served)
	outMore bool         // Out returns what more returns
	ins     atomic.Int32 // calls of In that are running
	outs    atomic.Int32
	calls   atomic.Int64 // calls of In
	t       testing.TB
	gone    bool          // end was called
	ended   chan struct{} // closed by end
}

func (s *served) In(hup bool) (more bool) {
	if s.ins.Add(1) != 1 {
		s.t.Error("two calls of In at the same time")
	}
	defer s.ins.Add(-1)
	s.calls.Add(1)
	s.in(s, hup)
	return s.more != nil && s.more()
}

func (s *served) Out() (more bool) {
	if s.outs.Add(1) != 1 {
		s.t.Error("two calls of Out at the same time")
	}
	defer s.outs.Add(-1)
	s.out(s)
	return s.outMore && s.more()
}

// end removes s and closes its descriptor; only In may call it.
func (s *served) end() {
	if !s.gone {
		s.gone = true
		s.Remove()
		syscall.Close(s.fd)
		close(s.ended)
	}
}

// add registers one end of a pair of unix sockets, and returns the other one.
func add(t testing.TB, in func(s *served, hup bool)) (*served, net.Conn) {
	t.Helper()
	return addBoth(t, in, nil)
}

// addBoth is like add for a Server that calls WantOut in In.
func addBoth(t testing.TB, in func(s *served, hup bool), out func(s *served)) (*served, net.Conn) {
	t.Helper()
	fd, peer := pair(t)
	s := &served{fd: fd, in: in, out: out, t: t, ended: make(chan struct{})}
	if err := s.Add(fd, s); err != nil {
		t.Fatal(err)
	}
	return s, peer
}

// pair returns the descriptor of one end of a connection, in nonblocking mode, and the
// other end as a net.Conn.
func pair(t testing.TB) (int, net.Conn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[1]), "peer")
	peer, err := net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], peer
}

// take takes the descriptor from a connection, which it closes: a duplicate that Go's
// own poller does not know.
func take(t testing.TB, conn *net.TCPConn) int {
	t.Helper()
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fd uintptr
	var errno syscall.Errno
	raw.Control(func(of uintptr) {
		fd, _, errno = syscall.Syscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if errno != 0 {
		t.Fatal(errno)
	}
	return int(fd)
}

// drain reads all that is there. It returns false at the end.
func drain(fd int, p []byte, got func([]byte)) bool {
	for {
		n, err := syscall.Read(fd, p)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return true
		case err != nil || n == 0:
			return false
		default:
			got(p[:n])
		}
	}
}

// echo writes back all that comes, and ends with the peer.
func echo(s *served, _ bool) {
	var p [4096]byte
	if !drain(s.fd, p[:], func(b []byte) { writeAll(s, b) }) {
		s.end()
	}
}

// writeAll writes b, for which there must be room.
func writeAll(s *served, b []byte) {
	if n, err := syscall.Write(s.fd, b); n != len(b) && !errors.Is(err, syscall.EPIPE) {
		s.t.Errorf("wrote %d of %d bytes: %v", n, len(b), err)
	}
}
