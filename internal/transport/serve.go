package transport

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/internal/buffers"
)

// A Reader is who [Conn.Serve] calls. It is called by one goroutine at a time, but not
// always by the same one.
type Reader interface {
	// Readable is called when there may be something to read. It calls TryRead until
	// that has drained the connection or returns an error, and reports whether
	// nothing more is to be read.
	Readable() (over bool)

	// Ended is called once, when Readable has reported that, with a nil error; when
	// the connection cannot be waited for any more, with the error; or with
	// ErrNoReturn. io.EOF and io.ErrUnexpectedEOF are the end of what the peer sends.
	Ended(err error)
}

// ErrNoReturn is passed to Ended when Readable has ended its goroutine instead of
// returning, as a failing test does, or panics.
var ErrNoReturn = errors.New("transport: the reader has not returned")

// Serve has r called until the connection is over. It returns when that is so, or when
// another goroutine goes on with it.
//
// A raw connection is waited for in one RawConn.Read that lasts as long as the
// connection, so that a connection that waits holds no buffer and a small stack.
func (c *Conn) Serve(r Reader) {
	returned := false
	defer func() {
		if !returned {
			r.Ended(ErrNoReturn)
		}
	}()
	var err error
	if c.raw == nil {
		err = c.serveWaiting(r)
	} else if err = c.raw.Read(c.reading(r)); err != nil && c.looksAgain(err) {
		returned = true
		go c.Serve(r) // on a stack that has not grown
		return
	}
	returned = true
	r.Ended(err)
}

// reading returns the function that is called when the descriptor can be read. It
// returns false to wait.
func (c *Conn) reading(r Reader) func(fd uintptr) (over bool) {
	return func(fd uintptr) bool {
		c.fd = int32(fd)
		mark := StackMark()
		if r.Readable() {
			return true
		}
		if StackMark() != mark {
			c.flags.set(deep)
		}
		c.willWait()
		return false
	}
}

// looksAgain reports whether an error of waiting means that the connection is to be
// looked at once more: nothing but look sets a deadline in the past for it. The
// deadline is reset first, so that no other look is missed.
func (c *Conn) looksAgain(err error) bool {
	c.flags.clear(deep)
	return errors.Is(err, os.ErrDeadlineExceeded) && !c.flags.has(closed) && c.conn.SetReadDeadline(time.Time{}) == nil
}

// StackMark returns a place on the stack of its caller. It is another one when the
// stack has grown meanwhile, since a stack grows by moving.
//
//go:noinline
func StackMark() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here))
}

// waiting is a connection that can only be read by waiting in Read. What has been read
// is kept until TryRead takes it.
type waiting struct {
	kept []byte
	more bool // the last Read has filled its buffer
}

// What is read at a time: little while nothing comes, as each connection has a buffer
// of its own then, and more as long as that is filled.
const (
	idleRead = 512
	busyRead = 16 << 10
	longRead = 64 << 10
)

func (c *Conn) serveWaiting(r Reader) error {
	c.serves = new(waiting)
	w := c.serves
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	if r.Readable() { // which may hold it up, as where there is a descriptor
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

// nextRead returns how much is read at a time after a read of n bytes.
func nextRead(size, n int) int {
	switch {
	case n < size:
		return idleRead
	case size == idleRead:
		return busyRead
	}
	return longRead
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
	n = copy(p, w.kept)
	w.kept = w.kept[n:]
	return n, len(w.kept) == 0, nil
}
