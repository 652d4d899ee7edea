package transport

import (
	"net"
	"unsafe"

	"github.com/airsocket/airsocket/internal/buffers"
)

// A waiting is a connection that can only be read by waiting in Read. What has been read
// is kept until TryRead takes it.
type waiting struct {
	net.Conn
	kept []byte
	err  error // of Read, which TryRead returns after what is kept
}

// The number of bytes that are read at a time is small while a connection is idle,
// because it then holds a buffer of its own, and grows if the buffer is filled. Long
// payloads are read into the memory of the Reader.
const (
	idleRead = 512
	busyRead = 16 << 10
)

// serveWaiting is Serve for a connection that can only be read by waiting in Read.
func (c *Conn) serveWaiting(r Reader) {
	w := c.conn.(*waiting)
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	if c.call(r) == Over { // which may wait, as it may with a descriptor
		return
	}
	for more := false; w.err == nil; {
		b, p := idle, r.Space()
		if p == nil && more {
			b = buffers.Get(busyRead)
		}
		if p == nil {
			p = b.B[:cap(b.B)]
		}
		n := 0
		n, w.err = w.Conn.Read(p)
		more = n == len(p)
		over := c.pass(r, p[:n])
		if b != idle {
			buffers.Put(b)
		}
		if over {
			return
		}
	}
}

// pass calls r until it has taken all of p, and then the error if there is one. It
// reports whether r has returned Over.
func (c *Conn) pass(r Reader, p []byte) (over bool) {
	w := c.conn.(*waiting)
	w.kept = p
	for len(w.kept) > 0 || w.err != nil {
		failed := len(w.kept) == 0
		if c.call(r) == Over {
			return true
		}
		if failed {
			break
		}
	}
	return false
}

// take is TryRead for what Serve has read.
func (w *waiting) take(p []byte) (n int, drained bool, err error) {
	switch {
	case len(w.kept) > 0:
	case w.err != nil:
		return 0, true, w.err
	default:
		return 0, true, ErrWouldBlock
	}
	n = min(len(p), len(w.kept))
	if unsafe.SliceData(p) != unsafe.SliceData(w.kept) { // or it is there already, see Reader.Space
		copy(p, w.kept)
	}
	w.kept = w.kept[n:]
	return n, len(w.kept) == 0 && w.err == nil, nil
}
