// Package transport moves the bytes of connections. A [Conn] reads and writes without
// waiting where the system allows that, and calls a [Reader] when there is something to
// read. The package knows nothing about frames, handshakes and Sockets.
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

// A Conn is a connection. Call [Conn.Init] before using it.
//
// A TCP connection, or one of a unix stream socket, is used through its descriptor:
// TryRead and TryWrite are single system calls. On all others, such as TLS connections
// and pipes, reading and writing always wait: there TryWrite writes nothing, and
// TryRead returns what Serve has read.
type Conn struct {
	conn  net.Conn
	raw   syscall.RawConn // nil if the descriptor cannot be used
	fd    int32           // valid while Serve calls the Reader
	woken bool            // Serve has waited, and nothing was read since; only Serve uses it
	flags flags
}

// flags holds what is known about a connection.
type flags struct{ bits atomic.Uint32 }

const (
	skips  = 1 << iota // after a short read Serve waits without looking for the end
	unsure             // the last read has not shown whether the end is there
	listed             // the connection is listed for hangups
	grown              // a Reader has made the stack grow
	idle               // nothing was read since the connection was listed
	urgent             // TCP's urgent data has been received
	closed             // Close was called
)

func (f *flags) has(bit uint32) bool { return f.bits.Load()&bit != 0 }
func (f *flags) set(bit uint32)      { f.bits.Or(bit) }
func (f *flags) clear(bit uint32)    { f.bits.And(^bit) }

// Init makes c the connection conn. Nobody else may read from conn or write to it from
// now on. A Conn may be used again when Serve has called Ended.
func (c *Conn) Init(conn net.Conn) {
	c.conn, c.raw, c.fd, c.woken = conn, rawConn(conn), 0, false
	c.flags.bits.Store(0)
	switch {
	case c.raw == nil:
		c.conn = &waiting{Conn: conn}
	case canSkip(conn) && bubble.ID() == 0:
		c.flags.set(skips)
	}
}

// Clear makes c no connection.
func (c *Conn) Clear() { c.conn, c.raw = nil, nil }

// IsSet reports whether c is a connection.
func (c *Conn) IsSet() bool { return c.conn != nil }

// NetConn returns the connection that was passed to Init, or nil.
func (c *Conn) NetConn() net.Conn {
	if w, ok := c.conn.(*waiting); ok {
		return w.Conn
	}
	return c.conn
}

// CanTry reports whether TryWrite may write something.
func (c *Conn) CanTry() bool { return c.raw != nil }

// TryRead reads what is there. It returns ErrWouldBlock if there is nothing, and io.EOF
// at the end of what the peer has sent. drained reports whether, as far as is known,
// nothing more is there. Only a Reader may call TryRead, while Serve calls it.
func (c *Conn) TryRead(p []byte) (n int, drained bool, err error) {
	if c.raw == nil {
		return c.conn.(*waiting).take(p)
	}
	if n, err = readFD(int(c.fd), p); err == ErrWouldBlock && c.flags.has(urgent) {
		n, err = c.readUrgent(p)
	}
	switch {
	case err == ErrWouldBlock:
		// After a wait there is something to read, unless it is only TCP's urgent data.
		c.noteUnsure(c.flags.has(skips) && c.woken && !c.flags.has(urgent))
		return 0, true, err
	case err != nil:
		return 0, true, err
	case n == 0:
		return 0, true, io.EOF
	}
	if c.woken = false; c.flags.has(grown) {
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

// readUrgent reads from a connection on which TCP's urgent data comes next. The system
// then reports that there is nothing to read if the thread has a pending signal, such
// as those with which the runtime preempts goroutines, so readUrgent tries several
// times.
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

// TryWriteServing is like TryWrite, but faster. Only a Reader may call it, while Serve
// calls that Reader.
func (c *Conn) TryWriteServing(p []byte) (int, error) {
	if c.raw == nil {
		return 0, nil
	}
	if len(p) <= shortCall {
		if n, err := writeNoWait(int(c.fd), p); err == nil { // with less stack
			return n, nil
		}
	}
	return writeFD(int(c.fd), p, nil)
}

// Write writes p, and returns when the system has taken all of it.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.TryWrite(p, nil)
	if err != nil || n == len(p) {
		return n, err
	}
	m, err := c.conn.Write(p[n:])
	return n + m, err
}

// Read waits until there is something to read, and reads it. It must not be called
// while Serve runs.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil {
		return c.conn.Read(p)
	}
	return readRaw(c.raw, p)
}

// CloseWrite ends the sending direction of the connection, and of the connection below
// it, such as TCP below TLS: some peers wait for the end of TCP and ignore the end of
// TLS. It reports whether one of them could be ended. If CanTry returns false,
// CloseWrite may wait.
func (c *Conn) CloseWrite() bool { return closeWrite(c.NetConn()) }

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

// CloseWriteSoon is like CloseWrite, but does not wait. A connection whose sending
// direction cannot be ended is closed.
func (c *Conn) CloseWriteSoon() {
	conn := c.NetConn()
	go func() {
		if !closeWrite(conn) {
			conn.Close()
		}
	}()
}

// Close closes the connection. It may wait for a Reader that is being called and, with
// TLS, for a Write.
func (c *Conn) Close() error {
	c.flags.set(closed)
	return c.conn.Close()
}

// CloseSoon closes the connection without waiting.
func (c *Conn) CloseSoon() {
	c.flags.set(closed)
	go c.conn.Close()
}

// A Reader is called by [Conn.Serve]: by one goroutine at a time, but not always by the
// same one.
type Reader interface {
	// Readable is called when there may be something to read. It calls TryRead until
	// the connection is drained or TryRead returns an error, and reports whether
	// reading is over.
	Readable() (over bool)

	// Space returns the memory into which the next bytes are best read, or nil. If it
	// is not nil, the next call of TryRead passes the same memory.
	Space() []byte

	// Ended is called once, at the end. err is nil if Readable has returned true, and
	// ErrNoReturn if it has not returned; otherwise err says why the connection can no
	// longer be read or waited for. io.EOF and io.ErrUnexpectedEOF are the end of what
	// the peer sends.
	Ended(err error)
}

// ErrNoReturn is passed to Ended when Readable has panicked or has ended its goroutine,
// as a failing test does, instead of returning.
var ErrNoReturn = errors.New("transport: the reader has not returned")

// Serve calls r until the connection is over, and then returns. It returns earlier if
// another goroutine continues to serve the connection.
//
// On a connection with a descriptor, one call of RawConn.Read lasts as long as the
// connection, so that a waiting connection needs no buffer and only a small stack.
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

// reading returns the function for RawConn.Read, which calls it when the descriptor can
// be read. The function returns false to wait again.
func (c *Conn) reading(r Reader) func(fd uintptr) (over bool) {
	return func(fd uintptr) bool {
		c.fd = int32(fd)
		mark := StackMark()
		if r.Readable() {
			return true
		}
		if c.flags.has(unsure) && StackMark() != mark { // only then is the connection listed
			c.flags.set(grown)
		}
		c.willWait()
		c.woken = true
		return false
	}
}

// looksAgain reports whether err, which has ended a wait, means that the connection
// must be read once more: while Serve runs, only look sets a deadline in the past. The
// deadline is removed before the read, so that a later one has an effect.
func (c *Conn) looksAgain(err error) bool {
	c.flags.clear(grown)
	c.woken = false
	return errors.Is(err, os.ErrDeadlineExceeded) && !c.flags.has(closed) && c.conn.SetReadDeadline(time.Time{}) == nil
}

// StackMark returns an address on the stack of the calling goroutine. If the stack has
// grown, a later call from the same function returns a different address, because a
// stack grows by moving. StackMark must not be inlined: each call would then have a
// variable of its own.
//
//go:noinline
func StackMark() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here))
}
