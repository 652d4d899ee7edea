// Package transport moves the bytes of connections. A [Conn] reads and writes without
// waiting where the system allows that, and calls a [Reader] when there is something
// to read. The package knows nothing of frames, handshakes and sockets.
package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/internal/bubble"
)

// ErrWouldBlock is returned by TryRead when there is nothing to read.
var ErrWouldBlock = errors.New("transport: nothing to read")

// A Conn is a connection. Make it with [New].
//
// A connection of TCP, or of a unix stream socket, is used through its descriptor:
// TryRead and TryWrite are single system calls. All others, such as those of TLS and
// pipes, can only be used by waiting: TryWrite does nothing on them, and TryRead
// returns what Serve has read.
type Conn struct {
	conn   net.Conn
	raw    syscall.RawConn // nil if the descriptor cannot be used
	serves *waiting        // of Serve, if raw is nil
	fd     int32           // while Serve calls the Reader
	flags  flags
}

// flags are what is known about a connection.
type flags struct{ bits atomic.Uint32 }

const (
	skips  = 1 << iota // after a short read Serve waits without looking for the end
	unsure             // the last read has not shown that nothing more is there
	listed             // the connection is listed for hangups
	grown              // a Reader has made the stack grow
	idle               // nothing was read since the connection was listed
	urgent             // there has been TCP's urgent data
	waited             // Serve has waited for the connection
	closed             // Close was called
)

func (f *flags) has(bit uint32) bool { return f.bits.Load()&bit != 0 }
func (f *flags) set(bit uint32)      { f.bits.Or(bit) }
func (f *flags) clear(bit uint32)    { f.bits.And(^bit) }

// New returns a Conn that moves the bytes of conn. Nobody else may read from conn or
// write to it from now on.
func New(conn net.Conn) *Conn {
	c := &Conn{conn: conn, raw: rawConn(conn)}
	if c.raw != nil && canSkip(conn) && bubble.ID() == 0 {
		c.flags.set(skips)
	}
	return c
}

// NetConn returns the connection that was passed to New.
func (c *Conn) NetConn() net.Conn { return c.conn }

// CanTry reports whether TryWrite may write something.
func (c *Conn) CanTry() bool { return c.raw != nil }

// TryRead reads what is there. It returns ErrWouldBlock if there is nothing, and io.EOF
// at the end of what the peer has sent. drained says that nothing more is there, as
// far as that is known. Only a Reader may call it, while Serve calls the Reader.
func (c *Conn) TryRead(p []byte) (n int, drained bool, err error) {
	if c.raw == nil {
		return c.serves.take(p)
	}
	if n, err = readFD(int(c.fd), p); err == ErrWouldBlock && c.flags.has(urgent) {
		n, err = c.readUrgent(p)
	}
	switch {
	case err == ErrWouldBlock:
		// After a wait there must be something, if only TCP's urgent data.
		c.noteUnsure(c.flags.has(skips) && c.flags.has(waited) && !c.flags.has(urgent))
		return 0, true, err
	case err != nil:
		return 0, true, err
	case n == 0:
		return 0, true, io.EOF
	}
	if c.flags.has(grown) {
		c.flags.clear(idle)
	}
	drained = n < len(p) && c.flags.has(skips)
	c.noteUnsure(drained)
	return n, drained, nil
}

func (c *Conn) noteUnsure(is bool) {
	if is == c.flags.has(unsure) {
		return
	}
	if is {
		c.flags.set(unsure)
	} else {
		c.flags.clear(unsure)
	}
}

// readUrgent reads once where TCP's urgent data is next. The system says then that there
// is nothing to read while the thread has a signal to take, as the runtime sends them to
// goroutines that run for long.
//
//go:noinline
func (c *Conn) readUrgent(p []byte) (n int, err error) {
	err = ErrWouldBlock
	for try := 0; err == ErrWouldBlock && try < 8; try++ {
		n, err = readFD(int(c.fd), p)
	}
	return n, err
}

// TryWrite writes as much of head and then body as the system takes without waiting,
// and returns how much that was.
func (c *Conn) TryWrite(head, body []byte) (int, error) {
	if c.raw == nil {
		return 0, nil
	}
	return writeRaw(c.raw, head, body)
}

// TryWriteServing is TryWrite for the goroutine in which Serve calls the Reader, while
// it calls it. It is faster than TryWrite.
func (c *Conn) TryWriteServing(p []byte) (int, error) {
	if c.raw == nil {
		return 0, nil
	}
	if len(p) <= shortCall {
		if n, err := writeNoWait(int(c.fd), p); err == nil { // the common case, with little stack
			return n, nil
		}
	}
	return writeFD(int(c.fd), p, nil)
}

// Write writes p and returns when the system has taken all of it.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.TryWrite(p, nil)
	if err != nil || n == len(p) {
		return n, err
	}
	m, err := c.conn.Write(p[n:])
	return n + m, err
}

// Read waits until there is something to read. It must not be called while Serve runs.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil {
		return c.conn.Read(p)
	}
	return readRaw(c.raw, p)
}

// CloseWrite ends the sending direction of the connection and of the one below it, and
// reports whether it has one: there are peers that wait for the end of TCP, and do not
// take that of TLS for it. Where CanTry is false it may wait.
func (c *Conn) CloseWrite() bool { return closeWrite(c.conn) }

func closeWrite(conn net.Conn) bool {
	c, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return false
	}
	ended := c.CloseWrite() == nil
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return closeWrite(over.NetConn()) || ended
	}
	return ended
}

// Close closes the connection. It may wait: for a Reader that is being called, and
// with TLS for a Write.
func (c *Conn) Close() error {
	c.flags.set(closed)
	return c.conn.Close()
}

// CloseSoon closes the connection without waiting.
func (c *Conn) CloseSoon() {
	c.flags.set(closed)
	go c.conn.Close()
}

// A Reader is who [Conn.Serve] calls. It is called by one goroutine at a time, but not
// always by the same one.
type Reader interface {
	// Readable is called when there may be something to read. It calls TryRead until
	// that has drained the connection or returns an error, and reports whether
	// nothing more is to be read.
	Readable() (over bool)

	// Space returns where the next bytes are best read to, or nil. The next call of
	// TryRead has the same memory then.
	Space() []byte

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
			c.flags.set(grown)
		}
		c.willWait()
		return false
	}
}

// looksAgain reports whether an error of waiting means that the connection is to be
// looked at once more: nothing but look sets a deadline in the past for it. The
// deadline is reset first, so that no other look is missed.
func (c *Conn) looksAgain(err error) bool {
	c.flags.clear(grown)
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
