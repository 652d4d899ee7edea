//go:build !portable

package transport

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/workers"
)

// A Listener is a TCP listener whose connections are accepted and served by workers if
// it is passed to [Serve]. Otherwise it is used like a net.TCPListener.
type Listener struct {
	*net.TCPListener

	task  workers.Task
	serve func(net.Conn)
	later func(error) time.Duration
	done  chan struct{} // closed when no more connections are accepted
	err   error         // why; set before done is closed

	mu     sync.Mutex
	fd     int // noFD unless workers serve
	taken  bool
	closed bool
}

func newListener(l net.Listener) net.Listener {
	if tcp, ok := l.(*net.TCPListener); ok {
		return &Listener{TCPListener: tcp, fd: noFD}
	}
	return l
}

// Serve accepts connections from l and passes them to serve, until l is closed or fails.
// If an error is temporary, such as too many open files, retry returns how long to wait
// before the next attempt, and otherwise a negative number.
func Serve(l net.Listener, serve func(net.Conn), retry func(error) time.Duration) error {
	if own, ok := l.(*Listener); ok && bubble.ID() == 0 && own.take(serve, retry) {
		<-own.done
		return own.err
	}
	if _, ok := l.(*net.TCPListener); ok && bubble.ID() == 0 {
		return AcceptAll(l, func(conn net.Conn) { serve(adopt(conn)) }, retry)
	}
	return AcceptAll(l, serve, retry)
}

// take has workers accept the connections of l. It returns false if that is not possible.
func (l *Listener) take(serve func(net.Conn), retry func(error) time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken || l.closed {
		return false
	}
	f, err := l.File() // a duplicate
	if err != nil {
		return false
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	fd := noFD
	raw.Control(func(of uintptr) {
		if n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0); errno == 0 {
			fd = int(n)
		}
	})
	if fd < 0 {
		return false
	}
	syscall.SetNonblock(fd, true)
	l.fd, l.serve, l.later, l.done = fd, serve, retry, make(chan struct{})
	if l.task.Add(fd, l) != nil {
		syscall.Close(fd)
		l.fd = noFD
		return false
	}
	l.taken = true
	l.TCPListener.Close() // leaves the runtime's poller; the socket goes on listening
	return true
}

// In accepts connections until there are no more.
func (l *Listener) In(bool) {
	for {
		if l.isClosed() {
			l.end(l.failed(net.ErrClosed))
			return
		}
		a, err := accept(l.fd)
		switch {
		case a != nil:
			l.serve(a)
		case err == nil:
			return
		default:
			wait := l.later(l.failed(err))
			if wait < 0 {
				l.end(l.failed(err))
				return
			}
			time.AfterFunc(wait, l.task.Wake)
			return
		}
	}
}

// Out is not called.
func (l *Listener) Out() {}

// end ends the service.
func (l *Listener) end(err error) {
	l.task.Remove()
	l.mu.Lock()
	syscall.Close(l.fd)
	l.fd, l.closed = noFD, true
	l.mu.Unlock()
	l.err = err
	close(l.done)
}

func (l *Listener) failed(err error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
}

func (l *Listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close stops listening.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.taken {
		l.closed = true
		return l.TCPListener.Close()
	}
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	// Clients are refused from now on, and not only when a worker has closed the
	// descriptor.
	err := os.NewSyscallError("shutdown", syscall.Shutdown(l.fd, syscall.SHUT_RDWR))
	l.task.Wake()
	return err
}
