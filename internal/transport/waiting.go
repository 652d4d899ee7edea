package transport

import (
	"github.com/airsocket/airsocket/internal/buffers"
)

// waiting is the state of a connection that can only be read by waiting in Read. What
// has been read is kept until TryRead takes it.
type waiting struct {
	kept []byte
}

// The number of bytes that are read at a time is small while a connection is idle,
// because it then holds a buffer of its own, and grows as long as the buffer is filled.
const (
	idleRead = 512
	busyRead = 16 << 10
	longRead = 64 << 10
)

// serveWaiting is Serve for a connection that can only be read by waiting in Read.
func (c *Conn) serveWaiting(r Reader) error {
	c.serves = new(waiting)
	w := c.serves
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	if r.Readable() { // which may wait, as it may with a descriptor
		return nil
	}
	for size := idleRead; ; {
		b := idle
		if size > idleRead {
			b = buffers.Get(size)
		}
		n, err := c.conn.Read(b.B[:size])
		over := n > 0 && w.pass(r, b.B[:n])
		if b != idle {
			buffers.Put(b)
		}
		if over {
			return nil
		}
		if err != nil {
			return err
		}
		size = nextRead(size, n)
	}
}

// nextRead returns how many bytes to read at a time after a read of n bytes with a
// buffer of the given size.
func nextRead(size, n int) int {
	switch {
	case n < size:
		return idleRead
	case size == idleRead:
		return busyRead
	}
	return longRead
}

// pass calls r until it has taken all of p, and reports whether reading is over.
func (w *waiting) pass(r Reader, p []byte) (over bool) {
	for w.kept = p; len(w.kept) > 0; {
		if r.Readable() {
			return true
		}
	}
	return false
}

// take is TryRead for what Serve has read.
func (w *waiting) take(p []byte) (n int, drained bool, err error) {
	if len(w.kept) == 0 {
		return 0, true, ErrWouldBlock
	}
	n = copy(p, w.kept)
	w.kept = w.kept[n:]
	return n, len(w.kept) == 0, nil
}
