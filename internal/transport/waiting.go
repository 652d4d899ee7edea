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
	trier Trier // the same connection, if it is one
	kept  []byte
	err   error // of Read, which TryRead returns after what is kept
}

// The number of bytes that are read at a time is small while a connection is idle,
// because it then holds a buffer of its own, and grows if the buffer is filled. Long
// payloads are read into the memory of the Reader.
const (
	idleRead = 512
	busyRead = 16 << 10
)

// serveWaiting is serve for a connection that can only be read by waiting in Read. It
// returns Wait if another goroutine is to continue.
func (c *Conn) serveWaiting() Next {
	w := c.conn.(*waiting)
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	mark := StackMark()
	if next := c.call(); next != Wait { // which may wait, as it may with a descriptor
		return next
	}
	for more := false; w.err == nil; {
		b, p := idle, c.reader.Space()
		if p == nil && more {
			b = buffers.Get(busyRead)
		}
		if p == nil {
			p = b.B[:cap(b.B)]
		}
		n := 0
		n, w.err = w.Conn.Read(p)
		more = n == len(p)
		next := c.pass(p[:n])
		if b != idle {
			buffers.Put(b)
		}
		if next != Wait {
			return next
		}
		if StackMark() != mark && c.renews() {
			return Wait
		}
	}
	return Over // a Reader must not wait after an error
}

// pass calls the Reader until it has taken all of p, and then the error if there is one.
func (c *Conn) pass(p []byte) Next {
	w := c.conn.(*waiting)
	w.kept = p
	for len(w.kept) > 0 || w.err != nil {
		last := len(w.kept) == 0
		if next := c.call(); next != Wait || last {
			return next
		}
	}
	return Wait
}

// take is TryRead for what was read.
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
