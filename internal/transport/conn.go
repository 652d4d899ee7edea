// Package transport moves the bytes of connections. A [Conn] reads and writes without
// waiting where the system allows that, and calls a [Reader] when there is something to
// read. The package knows nothing about frames, handshakes and Sockets.
package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// ErrWouldBlock is returned by TryRead when there is nothing to read.
var ErrWouldBlock = errors.New("transport: nothing to read")

// A Conn is a connection. Call [Conn.Init] before using it.
//
// A TCP connection, or one of a unix stream socket, is used through its descriptor:
// TryRead and TryWrite are single system calls. So are TLS connections on what ForTLS
// returns. On all others, such as pipes, reading and writing always wait: there TryWrite
// writes nothing, or all if that is known not to wait, and TryRead returns what was read
// before. Those that are a Trier can be written without waiting.
type Conn struct {
	conn    net.Conn // a *waiting, *raw, *foreign, *accepted or *carrier, as way says
	reader  Reader   // only the goroutine that serves the connection uses it
	halt    atomic.Pointer[halt]
	backlog atomic.Pointer[backlog]
	fd      int32 // valid while the Reader is called; noFD after the end
	flags   flags
	users   atomic.Int32 // number of calls outside of the Reader that use the descriptor, if way is byWorkers
	way     way
	task    task // if way is byWorkers
}

// A Trier is a connection that can be written, but not read, without waiting.
type Trier interface {
	// TryWrite writes as much of head and then body as it can without waiting, and
	// returns how much that was.
	TryWrite(head, body []byte) (int, error)

	// Unsent returns how many bytes it has taken that the peer has not.
	Unsent() int
}

// A raw is a connection whose descriptor is used.
type raw struct {
	net.Conn
	rc syscall.RawConn
}

// A way says how a connection is waited for.
type way uint8

const (
	byRead    way = iota // by a goroutine that calls Read
	byRaw                // by a goroutine that calls RawConn.Read
	byForeign            // by all workers together, but read by a goroutine that they start
	byWorkers            // by all workers together
	byTLS                // by all workers together, and conn is under TLS
)

// noFD is the descriptor of a connection that can no longer be read. System calls refuse
// it.
const noFD = -1

// flags holds what is known about a connection.
type flags struct{ bits atomic.Uint32 }

const (
	skips   = 1 << iota // a read that returns less than it had room for has emptied the socket
	renew               // another Reader has taken over: a stack that has grown is replaced
	expired             // a time of Deadlines has passed
	urgent              // TCP's urgent data has been received
	closed              // Close was called
)

func (f *flags) has(bit uint32) bool { return f.bits.Load()&bit != 0 }
func (f *flags) set(bit uint32)      { f.bits.Or(bit) }
func (f *flags) clear(bit uint32)    { f.bits.And(^bit) }

// Init makes c the connection conn. Nobody else may read from conn or write to it from
// now on. A Conn may be used again when Ended was called.
func (c *Conn) Init(conn net.Conn) {
	c.conn, c.reader, c.fd, c.way = conn, nil, 0, byRead
	c.flags.bits.Store(0)
	c.users.Store(0)
	c.halt.Store(nil)
	c.backlog.Store(nil)
	if c.initAccepted(conn) {
		c.way = byWorkers
	} else if c.initTLS(conn) {
		c.way = byTLS
	} else if c.initForeign(conn) {
		c.way = byForeign
	} else if rc := rawConn(conn); rc != nil {
		c.way = byRaw
		c.conn = &raw{conn, rc}
	} else {
		w := &waiting{Conn: conn}
		w.trier, _ = conn.(Trier)
		c.conn = w
	}
}

// Clear makes c no connection.
func (c *Conn) Clear() { c.conn, c.reader = nil, nil }

// IsSet reports whether c is a connection.
func (c *Conn) IsSet() bool { return c.conn != nil }

// IsClosed reports whether Close or CloseSoon was called.
func (c *Conn) IsClosed() bool { return c.flags.has(closed) }

// NetConn returns the connection that was passed to Init, or nil.
func (c *Conn) NetConn() net.Conn {
	switch conn := c.conn.(type) {
	case nil: // after Clear, which leaves the way of the last connection
		return nil
	case *waiting:
		return conn.Conn
	case *raw:
		return conn.Conn
	}
	switch c.way {
	case byForeign, byTLS:
		return c.secure()
	}
	return c.conn
}

// CanTry reports whether TryWrite writes as much as the system takes.
func (c *Conn) CanTry() bool {
	return c.way != byRead && c.way != byForeign || c.trier() != nil
}

// trier returns the Trier that c is, or nil.
func (c *Conn) trier() Trier {
	if w, ok := c.conn.(*waiting); ok {
		return w.trier
	}
	return nil
}

// HasWorkers reports whether no goroutine waits for the connection while the Reader has
// returned Wait or Hold.
func (c *Conn) HasWorkers() bool { return c.way >= byForeign }

// isServed reports whether workers call the Reader themselves.
func (c *Conn) isServed() bool { return c.way >= byWorkers }

// TryRead reads what is there. It returns ErrWouldBlock if there is nothing, and io.EOF
// at the end of what the peer has sent. drained reports whether, as far as is known,
// nothing more is there. Only a Reader may call TryRead, while it is being called.
func (c *Conn) TryRead(p []byte) (n int, drained bool, err error) {
	switch {
	case c.way == byRead:
		return c.conn.(*waiting).take(p)
	case c.flags.has(closed | expired):
		return 0, true, c.stopped()
	case c.way == byForeign:
		return c.takeForeign(p)
	case c.way == byTLS:
		return c.readTLS(p)
	}
	return c.readSocket(p)
}

// readSocket is TryRead for a connection with a descriptor.
func (c *Conn) readSocket(p []byte) (n int, drained bool, err error) {
	if n, err = readFD(int(c.fd), p); err == ErrWouldBlock && c.flags.has(urgent) {
		n, err = c.readUrgent(p)
	}
	switch {
	case err == ErrWouldBlock:
		return 0, true, err
	case err != nil:
		return 0, true, c.readError(err)
	case n == 0:
		return 0, true, io.EOF
	}
	return n, n < len(p) && c.flags.has(skips), nil
}

// stopped returns why a connection that was closed, or whose time is over, cannot be
// read.
func (c *Conn) stopped() error {
	if c.flags.has(closed) {
		return net.ErrClosed
	}
	return os.ErrDeadlineExceeded
}

// readError returns the error that has ended the wait for the connection, or err if
// there is none.
//
//go:noinline
func (c *Conn) readError(err error) error {
	if h := c.halt.Load(); c.fd == noFD && h != nil && h.err != nil {
		return h.err
	}
	return err
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
// and returns how much that was. The next call must begin with the rest, if there is one,
// because that may be encrypted already.
func (c *Conn) TryWrite(head, body []byte) (int, error) {
	switch c.way {
	case byRead:
		if t := c.trier(); t != nil {
			return t.TryWrite(head, body)
		}
		return 0, nil
	case byForeign:
		return c.writeForeign(head)
	case byWorkers:
		return c.writeFD(head, body)
	case byTLS:
		return c.writeTLS(head, body)
	}
	return writeRaw(c.conn.(*raw).rc, head, body)
}

// TryWriteServing is like TryWrite, but faster. Only a Reader may call it,
// while it is being called.
func (c *Conn) TryWriteServing(p []byte) (int, error) {
	if c.way != byWorkers && c.way != byRaw || c.fd == noFD || c.flags.has(closed) {
		return c.TryWrite(p, nil)
	}
	if len(p) <= shortCall {
		if n, err := writeNoWait(int(c.fd), p); err == nil { // with less stack
			return n, nil
		}
	}
	return writeFD(int(c.fd), p, nil)
}

// Write writes p, and returns when the system has taken all of it. On a connection that
// is served by workers it does not wait, and returns io.ErrShortWrite if the system has
// not taken everything.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.TryWrite(p, nil)
	switch {
	case err != nil || n == len(p):
		return n, err
	case c.isServed():
		return n, io.ErrShortWrite
	}
	m, err := c.NetConn().Write(p[n:])
	return n + m, err
}

// Unsent returns how many bytes the system has taken that the peer has not, if that is
// known. Only whether the number changes is meaningful.
func (c *Conn) Unsent() (n int, known bool) {
	if c.way == byRaw {
		c.conn.(*raw).rc.Control(func(fd uintptr) { n, known = outQueue(int(fd)) })
		return n, known
	}
	if t := c.trier(); t != nil {
		return t.Unsent(), true
	}
	return c.unsent()
}

// CloseWrite ends the sending direction of the connection, and of the connection below
// it, such as TCP below TLS: some peers wait for the end of TCP and ignore the end of
// TLS. It reports whether one of them could be ended. If CanTry returns false,
// CloseWrite may wait.
func (c *Conn) CloseWrite() bool {
	switch c.way {
	case byWorkers:
		return c.shutdown()
	case byTLS:
		return c.shutdownTLS()
	}
	return closeWrite(c.NetConn())
}

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

// Close closes the connection. Only the Reader may call it, or anybody before Start. If
// there is a Source, Close waits until the Source knows what was written: the peer may
// have received everything and ended the connection before. Close may also wait for a
// Write on a TLS connection.
func (c *Conn) Close() error {
	c.flags.set(closed)
	if c.isServed() {
		c.leave()
		return nil
	}
	c.Wake()
	err := c.conn.Close()
	if c.way == byForeign {
		c.leaveForeign()
	}
	if w := c.backlog.Load(); w != nil {
		w.reported()
	}
	return err
}

// CloseSoon closes the connection without waiting. The Reader is called once more, and
// TryRead returns net.ErrClosed.
func (c *Conn) CloseSoon() {
	c.flags.set(closed)
	c.Wake()
	if !c.isServed() {
		go c.conn.Close()
	}
}

// Detach returns the connection for somebody else to use, for a Reader that returns
// Gone.
func (c *Conn) Detach() net.Conn {
	if c.isServed() {
		return c.detachFD()
	}
	if c.way == byForeign {
		c.leaveForeign()
	}
	return c.NetConn()
}

// A Next is what a [Reader] wants next.
type Next uint8

const (
	Wait  Next = iota // Readable is called when there may be something to read
	Again             // Readable is called again, after others, as there may be more to read
	Hold              // Readable is called after Wake
	Over              // Ended is called
	Gone              // nothing more is called, as the connection belongs to somebody else
)

// A Reader is called for a connection that was passed to [Conn.Start]: by one goroutine
// at a time, but not always by the same one.
type Reader interface {
	// Readable is called when there may be something to read. It calls TryRead until
	// the connection is drained or TryRead returns an error, and returns what it wants
	// next. It may also stop reading earlier and return Hold. It must not return Wait
	// after an error other than ErrWouldBlock.
	Readable() Next

	// Space returns the memory into which the next bytes are best read, or nil. If it
	// is not nil, the next call of TryRead passes the same memory.
	Space() []byte

	// Ended is called once, at the end: when Readable has returned Over, and when it
	// has not returned, because it has panicked or has ended its goroutine, as a failing
	// test does.
	Ended()
}

// Start begins to call r, and returns at once. If now is true, Readable is called although
// nothing may have been received; otherwise it may be.
func (c *Conn) Start(r Reader, now bool) {
	c.reader = r
	switch c.way {
	case byRead, byRaw:
		go c.serve()
		return
	case byForeign:
		go c.serveForeign()
		return
	}
	if err := c.register(now); err != nil {
		go c.refuse(err)
		return
	}
	// What was asked for before had no effect. From here on c may be another connection
	// already: for that these calls are superfluous.
	if c.flags.has(closed | expired) {
		c.task.Wake()
	}
	if c.backlog.Load() != nil {
		c.task.WantOut()
	}
}

// refuse passes err to the Reader of a connection that cannot be waited for.
func (c *Conn) refuse(err error) {
	defer c.reader.Ended()
	c.fd = noFD
	c.withHalt().err = err
	c.call()
}

// Become makes r the Reader that is called from now on. Only the Reader may call it,
// while it is being called; what that call returns counts for r.
func (c *Conn) Become(r Reader) {
	c.reader = r
	c.flags.set(renew)
}

// serve calls the Reader until the connection is over, and then returns. It returns
// earlier if another goroutine continues to serve the connection.
//
// On a connection with a descriptor, one call of RawConn.Read lasts as long as the
// connection, so that a waiting connection needs no buffer and only a small stack.
func (c *Conn) serve() {
	goesOn := false
	defer func() {
		if !goesOn {
			c.reader.Ended()
		}
	}()
	var next Next
	if c.way == byRead {
		next = c.serveWaiting()
	} else {
		next = c.serveRaw()
	}
	if goesOn = next != Over; next == Wait {
		go c.serve() // on a stack that has not grown
	}
}

// serveRaw is serve for a connection with a descriptor. It returns Wait if another
// goroutine is to continue.
func (c *Conn) serveRaw() (next Next) {
	err := c.conn.(*raw).rc.Read(c.reading(&next))
	c.fd = noFD
	if err == nil {
		return next
	}
	if c.flags.has(expired) {
		err = os.ErrDeadlineExceeded
	}
	c.withHalt().err = err
	if next = c.call(); next == Wait {
		next = Over // a Reader must not wait after an error
	}
	return next
}

// call calls Readable, and calls it again as long as it returns Again, and after Wake as long
// as it returns Hold.
func (c *Conn) call() Next {
	next := c.reader.Readable()
	if next == Hold || next == Again {
		next = c.callAgain(next)
	}
	return next
}

// callAgain is call after Readable has returned Hold or Again. After Again nothing is to be
// done: the scheduler of the runtime gives other goroutines their turn.
//
//go:noinline
func (c *Conn) callAgain(next Next) Next {
	for {
		if next == Hold {
			c.withHalt().wait()
		}
		if next = c.reader.Readable(); next != Hold && next != Again {
			return next
		}
	}
}

// reading returns the function for RawConn.Read, which calls it when the descriptor can
// be read. The function returns false to wait again; otherwise it sets *next.
func (c *Conn) reading(next *Next) func(fd uintptr) (done bool) {
	return func(fd uintptr) bool {
		c.fd = int32(fd)
		mark := StackMark()
		n := c.reader.Readable()
		if n == Hold || n == Again {
			n = c.callAgain(n)
		}
		if n != Wait {
			*next = n
			return true
		}
		return StackMark() != mark && c.renews()
	}
}

// renews is called when the stack has grown. It reports whether another goroutine is to
// continue, with a new stack.
//
//go:noinline
func (c *Conn) renews() bool {
	was := c.flags.has(renew)
	c.flags.clear(renew)
	return was
}

// A halt is where the goroutine that serves a connection waits while its Reader holds
// it.
type halt struct {
	mu    sync.Mutex
	woken bool
	wake  chan struct{} // closed by Wake; nil unless the goroutine waits
	err   error         // that has ended RawConn.Read; used only by serveRaw
	task  *task         // of a foreign connection, for which no goroutine waits
}

// withHalt returns c.halt, which it creates if it is nil.
func (c *Conn) withHalt() *halt {
	if h := c.halt.Load(); h != nil {
		return h
	}
	c.halt.CompareAndSwap(nil, new(halt))
	return c.halt.Load()
}

// Wake has Readable called again after it has returned Hold. If Readable has not
// returned yet, it is called again at once when it returns Hold.
func (c *Conn) Wake() {
	if c.isServed() {
		c.task.Wake()
	} else {
		c.withHalt().wakeUp()
	}
}

// wakeUp ends a wait that is running, or else the next one.
func (h *halt) wakeUp() {
	if h.task != nil {
		h.task.Wake()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.woken = true
	if h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
}

// wait waits until Wake is called, unless it was called since the last wait.
func (h *halt) wait() {
	h.mu.Lock()
	var wake chan struct{}
	if !h.woken {
		wake = make(chan struct{})
		h.wake = wake
	}
	h.mu.Unlock()
	if wake != nil {
		<-wake
	}
	h.mu.Lock()
	h.woken = false
	h.mu.Unlock()
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
