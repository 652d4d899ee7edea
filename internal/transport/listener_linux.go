//go:build !portable

package transport

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/workers"
)

// A Listener is a TCP listener whose connections are accepted and served by workers if
// it is passed to [Serve]. Otherwise it is used like a net.TCPListener.
type Listener struct {
	*net.TCPListener

	task    workers.Task
	serve   func(net.Conn)
	later   func(error) time.Duration
	waiting atomic.Bool   // for the next attempt after a temporary error
	done    chan struct{} // closed when no more connections are accepted, and all are served
	err     error         // why; set before done is closed

	mu     sync.Mutex // held while a connection is accepted, so that fd stays open
	fd     int        // noFD unless workers serve
	taken  bool
	closed bool
	busy   bool         // In is running, and closes done if l is closed meanwhile
	others net.Listener // for those who call Accept although workers serve; nil if nobody has
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
	return AcceptAll(l, func(conn net.Conn) { serve(Adopt(conn)) }, retry)
}

// take has workers accept the connections of l. It returns false if that is not possible.
func (l *Listener) take(serve func(net.Conn), retry func(error) time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken || l.closed {
		return false
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	fd := noFD
	raw.Control(func(of uintptr) { fd, err = duplicate(int(of)) })
	if fd == noFD || err != nil {
		return false
	}
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

// mostAccepts is the number of connections after which others have their turn.
const mostAccepts = 64

// In accepts connections until there are no more, or mostAccepts.
func (l *Listener) In(bool) (more bool) {
	if !l.begin() {
		return false
	}
	defer l.finish() // deferred, because serve may end the goroutine
	for n := 0; !l.waiting.Load(); n++ {
		if n == mostAccepts {
			return true
		}
		a, err := l.acceptOne()
		switch {
		case a != nil:
			l.serve(a)
		case err == nil:
			return false
		default:
			l.waiting.Store(true)
			wait := l.later(l.failed(err))
			if wait < 0 {
				l.mu.Lock()
				l.end(l.failed(err))
				l.mu.Unlock()
				return false
			}
			time.AfterFunc(wait, func() {
				l.waiting.Store(false)
				l.task.Wake()
			})
		}
	}
	return false
}

// begin begins a call of In, unless l is closed. It puts the socket into nonblocking mode
// again, which those who share it may have changed, such as os/exec.
func (l *Listener) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.busy = true
	syscall.SetNonblock(l.fd, true)
	return true
}

// finish ends a call of In. If l was closed meanwhile, the connection that In had just
// accepted has been passed to serve only now, so Serve must not have returned before.
func (l *Listener) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if l.closed {
		close(l.done)
	}
}

// acceptOne accepts a connection. It returns nil if there is none, or l is closed. It
// looks first, as the socket may be in blocking mode again since begin was called.
func (l *Listener) acceptOne() (*accepted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !isReadable(l.fd) {
		return nil, nil
	}
	return accept(l.fd)
}

// isReadable reports whether a read or accept of fd does not wait. If the system does not
// tell, it returns true.
func isReadable(fd int) bool {
	const pollIn = 1
	p := struct {
		fd              int32
		events, revents int16
	}{fd: int32(fd), events: pollIn}
	var atOnce syscall.Timespec
	n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&atOnce)), 0, 0, 0)
	return errno != 0 || n != 0
}

// Out is not called.
func (l *Listener) Out() (more bool) { return false }

// end ends the service; l.mu is held.
func (l *Listener) end(err error) {
	if l.closed {
		return
	}
	l.task.Remove()
	syscall.Close(l.fd)
	l.fd, l.closed = noFD, true
	if l.others != nil {
		l.others.Close()
	}
	l.err = err
	if !l.busy {
		close(l.done)
	}
}

func (l *Listener) failed(err error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
}

// Accept is for those who do not use [Serve]. If workers serve too, each connection is
// accepted by one of them.
func (l *Listener) Accept() (net.Conn, error) {
	from, err := l.acceptsFrom()
	if err != nil {
		return nil, err
	}
	return from.Accept()
}

// acceptsFrom returns the listener from which Accept accepts.
func (l *Listener) acceptsFrom() (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.taken:
		return l.TCPListener, nil
	case l.others != nil:
		return l.others, nil
	}
	f, err := l.file()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l.others, err = net.FileListener(f)
	return l.others, err
}

// File returns a duplicate of the descriptor, as the method of net.TCPListener does.
func (l *Listener) File() (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.taken {
		return l.TCPListener.File()
	}
	return l.file()
}

// file is File if workers serve; l.mu is held.
func (l *Listener) file() (*os.File, error) {
	fd, err := l.fd, net.ErrClosed
	if !l.closed {
		fd, err = duplicate(l.fd)
	}
	if err != nil {
		return nil, &net.OpError{Op: "file", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	return os.NewFile(uintptr(fd), ""), nil
}

// Close stops listening. Others who have a duplicate of the descriptor, such as a process
// that has inherited it, go on.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.taken:
		l.closed = true
		return l.TCPListener.Close()
	case l.closed:
		return net.ErrClosed
	}
	l.end(l.failed(net.ErrClosed))
	return nil
}
