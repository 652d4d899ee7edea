//go:build !portable

package transport_test

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/transport"
)

// A serving is a listener from which Serve accepts.
type serving struct {
	net.Listener
	t      *testing.T
	conns  chan net.Conn
	result chan error // of Serve
}

// serve has a listener of Listen served.
func serve(t *testing.T, retry func(error) time.Duration) *serving {
	t.Helper()
	l, err := transport.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{l, t, make(chan net.Conn, 10), make(chan error, 2)}
	s.begin(retry)
	return s
}

// begin has the listener served once more, and waits until it is.
func (s *serving) begin(retry func(error) time.Duration) {
	s.t.Helper()
	began := make(chan struct{})
	go func() {
		close(began)
		s.result <- transport.Serve(s.Listener, func(c net.Conn) { s.conns <- c }, retry)
	}()
	<-began
	s.connect(s.Addr())
}

// connect connects to addr, and waits until the connection is served.
func (s *serving) connect(addr net.Addr) {
	s.t.Helper()
	dialed, err := net.Dial("tcp", addr.String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer dialed.Close()
	(<-s.conns).Close()
}

// close closes the listener, and checks what Serve returns.
func (s *serving) close() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Error(err)
	}
	if err := <-s.result; !errors.Is(err, net.ErrClosed) {
		s.t.Errorf("Serve has returned %v", err)
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		s.t.Errorf("the second Close has returned %v", err)
	}
}

// TestListenerCloses checks that closing a Listener ends Serve, and that its address can
// be used again at once, also while a worker is accepting.
func TestListenerCloses(t *testing.T) {
	for range 200 {
		s := serve(t, noRetry)
		dialed, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn := <-s.conns
		s.close()
		again, err := transport.Listen(s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
		conn.Close()
		dialed.Close()
	}
}

// TestListenerSharedWithAnother checks that closing a Listener does not affect those who
// have a duplicate of its descriptor, such as a new process that takes over.
func TestListenerSharedWithAnother(t *testing.T) {
	for _, before := range []bool{true, false} { // File is called before workers serve, or meanwhile
		l, err := transport.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &serving{l, t, make(chan net.Conn, 10), make(chan error, 2)}
		var f *os.File
		if before {
			f = fileOf(t, l)
		}
		s.begin(noRetry)
		if !before {
			f = fileOf(t, l)
		}
		other, err := net.FileListener(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		s.close()
		go func() {
			conn, err := other.Accept()
			if err != nil {
				t.Error(err)
			}
			s.conns <- conn
		}()
		s.connect(l.Addr())
		other.Close()
	}
}

func fileOf(t *testing.T, l net.Listener) *os.File {
	t.Helper()
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestListenerInBlockingMode checks that no worker waits in accept, which would hold up
// Close, if somebody has put the listening socket into blocking mode, as os/exec does with
// the files that it passes to a process.
func TestListenerInBlockingMode(t *testing.T) {
	l, err := transport.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := fileOf(t, l)
	defer f.Close()
	s := &serving{l, t, make(chan net.Conn, 10), make(chan error, 2)}
	s.begin(noRetry)
	f.Fd()
	s.connect(s.Addr())
	s.close()
}

// TestListenerPutIntoBlockingMode is like TestListenerInBlockingMode, but the mode is
// changed while a worker is accepting.
func TestListenerPutIntoBlockingMode(t *testing.T) {
	l, err := transport.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := fileOf(t, l)
	defer f.Close()
	fd := int(f.Fd())
	s := &serving{l, t, make(chan net.Conn, 10), make(chan error, 2)}
	go func() {
		s.result <- transport.Serve(l, func(c net.Conn) {
			syscall.SetNonblock(fd, false)
			s.conns <- c
		}, noRetry)
	}()
	s.connect(s.Addr())
	closed := make(chan bool)
	go func() {
		s.close()
		close(closed)
	}()
	within(t, closed, "a worker waits in accept")
}

// TestListenerServedTwice checks that two calls of Serve may share a Listener.
func TestListenerServedTwice(t *testing.T) {
	s := serve(t, noRetry)
	conns, result := make(chan net.Conn), make(chan error, 1)
	go func() { result <- transport.Serve(s.Listener, func(c net.Conn) { conns <- c }, noRetry) }()
	for range cap(s.conns) + 2 { // more than the first call takes, as nobody receives them
		dialed, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer dialed.Close()
	}
	select {
	case conn := <-conns:
		conn.Close()
	case err := <-result:
		t.Fatalf("the other Serve has returned %v", err)
	}
	go func() {
		for {
			select {
			case conn := <-conns:
				conn.Close()
			case conn := <-s.conns:
				conn.Close()
			case <-t.Context().Done():
				return
			}
		}
	}()
	s.close()
	if err := <-result; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the other Serve has returned %v", err)
	}
}

// TestListenerWaits checks that no connection is accepted before the time is over that
// follows a temporary error, although more connections come, and that Close does not wait
// for it.
func TestListenerWaits(t *testing.T) {
	var attempts atomic.Int32
	failed := make(chan error, 10)
	s := serve(t, func(err error) time.Duration {
		attempts.Add(1)
		failed <- err
		return time.Hour
	})
	client, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(client)
	withoutDescriptors(t, func() {
		addr := s.Addr().(*net.TCPAddr)
		if err := syscall.Connect(client, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}); err != nil {
			t.Error(err)
			return
		}
		if err := <-failed; !errors.Is(err, syscall.EMFILE) {
			t.Errorf("the error is %v", err)
		}
		l := s.Listener.(*transport.Listener)
		l.WaitIdle()
		l.In(false) // as if another connection had come
	})
	if n := attempts.Load(); n != 1 {
		t.Errorf("%d attempts", n)
	}
	s.close()
}

// withoutDescriptors calls fn while no descriptor can be had.
func withoutDescriptors(t *testing.T, fn func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	free, err := syscall.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(free)
	lower := limit
	lower.Cur = uint64(free)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	}()
	fn()
}
