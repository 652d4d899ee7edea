package transport

import (
	"unsafe"

	"github.com/airsocket/airsocket/internal/buffers"
)

// waiting is a connection that can only be read by waiting in Read. What has been read
// is kept until TryRead takes it.
type waiting struct{ kept []byte }

// What is read at a time: little while nothing comes, as each connection has a buffer
// of its own then, and more as long as that is filled. What belongs to a long payload
// is read to where the Reader wants it.
const (
	idleRead = 512
	busyRead = 16 << 10
)

func (c *Conn) serveWaiting(r Reader) error {
	c.serves = new(waiting)
	w := c.serves
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	if r.Readable() { // which may hold it up, as where there is a descriptor
		return nil
	}
	for more := false; ; {
		b, p := idle, r.Space()
		if p == nil && more {
			b = buffers.Get(busyRead)
		}
		if p == nil {
			p = b.B[:cap(b.B)]
		}
		n, err := c.conn.Read(p)
		more = n == len(p)
		over := n > 0 && w.pass(r, p[:n])
		if b != idle {
			buffers.Put(b)
		}
		if over {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pass has r take p.
func (w *waiting) pass(r Reader, p []byte) (over bool) {
	for w.kept = p; len(w.kept) > 0; {
		if r.Readable() {
			return true
		}
	}
	return false
}

func (w *waiting) take(p []byte) (n int, drained bool, err error) {
	if len(w.kept) == 0 {
		return 0, true, ErrWouldBlock
	}
	n = min(len(p), len(w.kept))
	if unsafe.SliceData(p) != unsafe.SliceData(w.kept) { // or it is there already, see Reader.Space
		copy(p, w.kept)
	}
	w.kept = w.kept[n:]
	return n, len(w.kept) == 0, nil
}
