//go:build unix

package transport

import (
	"net"
	"sync"
	"syscall"
)

// rawConn returns access to the descriptor of c. It returns nil unless c is a TCP or
// unix stream connection of package net: the methods of a wrapper may do more than read
// and write.
func rawConn(c net.Conn) syscall.RawConn {
	switch c := c.(type) {
	case *net.TCPConn:
		if raw, err := c.SyscallConn(); err == nil {
			return raw
		}
	case *net.UnixConn:
		if c.LocalAddr().Network() != "unix" {
			return nil // datagrams
		}
		if raw, err := c.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// readFD reads what is there. It returns ErrWouldBlock if there is nothing.
func readFD(fd int, p []byte) (int, error) {
	for {
		n, err := read(fd, p)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, ErrWouldBlock
		default:
			return 0, err
		}
	}
}

func read(fd int, p []byte) (int, error) {
	if len(p) > shortCall {
		return syscall.Read(fd, p)
	}
	return readNoWait(fd, p)
}

// shortCall is the number of bytes up to which a system call takes so little time that
// the garbage collector may have to wait for it.
const shortCall = 256 << 10

// A rawWrite is a write inside a call of RawConn.Control, which keeps the descriptor
// open meanwhile; RawConn.Write would also prepare to wait. It is reused together with
// its function value, so that a write allocates nothing.
type rawWrite struct {
	head, body []byte
	n          int
	err        error
	do         func(fd uintptr)
}

var rawWrites = sync.Pool{New: func() any {
	w := new(rawWrite)
	w.do = func(fd uintptr) { w.n, w.err = writeFD(int(fd), w.head, w.body) }
	return w
}}

// writeRaw writes as much of head and then body as the system takes without waiting,
// and returns how much that was.
func writeRaw(raw syscall.RawConn, head, body []byte) (int, error) {
	w := rawWrites.Get().(*rawWrite)
	w.head, w.body, w.n, w.err = head, body, 0, nil
	err := raw.Control(w.do)
	if err == nil {
		err = w.err
	}
	n := w.n
	w.head, w.body = nil, nil
	rawWrites.Put(w)
	return n, err
}

// writeFD writes as much of head and then body as the system takes without waiting.
func writeFD(fd int, head, body []byte) (int, error) {
	for {
		var n int
		var err error
		switch {
		case len(head)+len(body) > shortCall:
			n, err = writeLong(fd, head, body)
		case len(body) == 0:
			n, err = writeNoWait(fd, head)
		default:
			n, err = writeBoth(fd, head, body)
		}
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}

// writeLong is writeFD for more than shortCall bytes. The body is not written together
// with the head, which would take a quarter longer at 1 MiB, measured over loopback,
// nor in pieces, which would take half as long again.
//
//go:noinline
func writeLong(fd int, head, body []byte) (int, error) {
	if len(body) == 0 {
		return syscall.Write(fd, head)
	}
	n, err := writeMore(fd, head)
	if err != nil || n < len(head) {
		return n, err
	}
	m, err := syscall.Write(fd, body)
	switch err {
	case nil:
		return n + m, nil
	case syscall.EAGAIN, syscall.EINTR:
		return n, nil
	}
	return 0, err
}
