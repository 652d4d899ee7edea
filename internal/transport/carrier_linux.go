//go:build !portable

package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A carrier is the connection under a tls.Conn. As long as no Conn has workers serve it,
// it is the connection that was passed to ForTLS. After that its methods do not wait:
// Read returns errEmpty, after which crypto/tls goes on where it was; and what Write
// cannot write is queued. Only during the TLS handshake, for which crypto/tls has no such
// way, Read waits, in a goroutine.
type carrier struct {
	of     atomic.Pointer[Conn] // that workers serve; nil before and afterwards
	face   *accepted            // conn while workers serve it
	tls    *tls.Conn
	waits  atomic.Bool // until the TLS handshake is over
	shakes bool        // the goroutine of the TLS handshake has been started
	empty  bool        // there is nothing to read; guarded by reading, and here to save space
	begin  *beginning  // nil if nothing precedes TLS, or once it was read
	unread atomic.Bool // writing has failed with errUnread

	// failed is the error of all reads from now on. It is set where crypto/tls would not
	// return the same error again. Only the Reader's goroutine uses it.
	failed error

	// reading is held while the descriptor is read, as a program may call Read of the
	// tls.Conn while the Reader's goroutine closes it.
	reading sync.Mutex

	// held is the number of bytes that TryWrite has encrypted without reporting them as
	// written. They are at the beginning of what is passed to it next.
	held int

	mu       sync.Mutex
	conn     net.Conn     // an *accepted while workers serve it
	out      *wire.Buffer // records that are not written yet; nil if there are none
	from     int          // how much of out was written
	batching bool         // more records follow, so nothing is written
	fin      bool         // end the sending direction when all is written
	err      error        // of writing
}

// An emptyError is a temporary error of a read.
type emptyError struct{}

func (emptyError) Error() string   { return "transport: nothing to read yet" }
func (emptyError) Timeout() bool   { return false }
func (emptyError) Temporary() bool { return true }

var errEmpty net.Error = emptyError{}

// errUnread is the error of a peer that makes crypto/tls answer and does not read what it
// answers, such as to requests to update keys (RFC 8446, section 4.6.3).
var errUnread = errors.New("transport: the peer asks for more answers of TLS than it reads")

// maxUnread is the number of bytes from which on answers of TLS fail with errUnread.
const maxUnread = 256 << 10

// errNoHandshake is the error of a TLS handshake whose goroutine was ended, such as by
// runtime.Goexit in a function of the tls.Config.
var errNoHandshake = errors.New("transport: a function of the tls.Config has ended the goroutine of the TLS handshake")

// ForTLS returns the connection on which to create a tls.Conn, so that workers can serve
// that. It returns conn itself if they cannot. The tls.Conn must not negotiate again.
func ForTLS(conn net.Conn) net.Conn {
	if _, ok := conn.(*accepted); ok || rawConn(conn) != nil && bubble.ID() == 0 {
		return &carrier{conn: conn}
	}
	return conn
}

// carrierOf returns the carrier of a tls.Conn, or nil.
func carrierOf(conn net.Conn) (*tls.Conn, *carrier) {
	if secure, ok := conn.(*tls.Conn); ok {
		k, _ := secure.NetConn().(*carrier)
		return secure, k
	}
	return nil, nil
}

// adopt is Adopt for the connection under TLS.
func (k *carrier) adopt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conn = Adopt(k.conn)
}

// initTLS makes c the connection conn if that is a tls.Conn that workers can serve.
func (c *Conn) initTLS(conn net.Conn) bool {
	secure, k := carrierOf(conn)
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !c.initAccepted(k.conn) {
		return false
	}
	k.tls, k.face = secure, k.conn.(*accepted)
	k.waits.Store(!secure.ConnectionState().HandshakeComplete)
	k.of.Store(c)
	c.conn = k
	return true
}

// register has workers serve c. If there was no TLS handshake, In begins it. Otherwise
// crypto/tls may have received something already.
func (k *carrier) register(c *Conn) error {
	if k.waits.Load() {
		return c.task.Add(int(c.fd), c)
	}
	return c.task.AddNow(int(c.fd), c)
}

// shake performs the TLS handshake, and then has the Reader called.
func (k *carrier) shake(c *Conn) {
	returned := false
	defer func() {
		if !returned {
			k.failed = errNoHandshake
		}
		k.waits.Store(false)
		c.Wake()
	}()
	k.tls.Handshake() // Read returns the error
	returned = true
}

// in is called before the Reader. It returns false if the Reader must not be called yet.
// The TLS handshake begins when the peer has sent something, so that a peer that sends
// nothing has no goroutine.
func (k *carrier) in(c *Conn) bool {
	switch {
	case !k.waits.Load():
		k.reading.Lock()
		defer k.reading.Unlock()
		k.empty = false
		return true
	case k.shakes:
		c.withHalt().wakeUp()
		return false
	case c.flags.has(closed | expired):
		return true // TryRead returns why
	case k.begin != nil && k.begin.preface != nil:
		if !k.readPreface(c) {
			return false
		}
		if k.failed != nil {
			return true
		}
	}
	k.shakes = true
	go k.shake(c)
	return false
}

// Read reads what is there, for crypto/tls.
func (k *carrier) Read(p []byte) (int, error) {
	for {
		c := k.of.Load()
		if c == nil {
			return k.under().Read(p)
		}
		n, err := k.readNow(c, p)
		if err != errEmpty || !k.waits.Load() {
			return n, err
		}
		c.withHalt().wait()
	}
}

func (k *carrier) readNow(c *Conn, p []byte) (int, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	switch {
	case k.of.Load() != c:
		return 0, net.ErrClosed
	case c.flags.has(closed | expired):
		return 0, c.stopped()
	case k.begin != nil && len(k.begin.rest) > 0:
		return k.takeRest(p), nil
	case k.empty && !k.waits.Load():
		return 0, errEmpty
	}
	n, drained, err := c.readSocket(p)
	k.empty = drained
	if err == ErrWouldBlock {
		return 0, errEmpty
	}
	return n, err
}

// tryRead is Conn.TryRead.
func (k *carrier) tryRead(p []byte) (n int, drained bool, err error) {
	for n < len(p) && k.failed == nil {
		m, err := k.tls.Read(p[n:]) // at most one record
		n += m
		switch {
		case k.unread.Load():
			k.failed = errUnread
		case err == errEmpty && n == 0:
			return 0, true, ErrWouldBlock
		case err == errEmpty:
			return n, true, nil
		default:
			k.failed = err
		}
	}
	if n > 0 {
		return n, false, nil // the next call returns the error
	}
	return 0, true, k.failed
}

// Write queues the records in p, and writes what the system takes.
func (k *carrier) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.of.Load()
	if c == nil {
		return k.writeUnder(p)
	}
	if k.err != nil {
		return 0, k.err
	}
	k.queue(p)
	if k.batching {
		return len(p), nil
	}
	done, err := k.flushLocked(c)
	switch {
	case err != nil:
		return 0, err
	case done:
	case len(k.out.B)-k.from > maxUnread:
		k.err = errUnread
		k.unread.Store(true)
		return 0, errUnread
	default:
		// If something else is being written, this comes with it, or with what is written
		// next.
		c.writeRest()
	}
	return len(p), nil
}

// queue adds p to k.out.
func (k *carrier) queue(p []byte) {
	old := k.out
	switch {
	case old == nil:
		k.out, k.from = buffers.Get(len(p)), 0
	case cap(old.B)-len(old.B) < len(p):
		k.out = buffers.Get(2*len(old.B) + len(p))
		k.out.B = append(k.out.B, old.B[k.from:]...)
		k.from = 0
		buffers.Put(old)
	}
	k.out.B = append(k.out.B, p...)
}

// flush writes what is queued. It reports whether nothing is left.
func (k *carrier) flush(c *Conn) (done bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.flushLocked(c)
}

// finish writes what is queued when the Source of w, if there is one, has nothing left. If
// nothing is left here either, w is over: with the lock, as what is queued later counts on
// w if that is still there.
func (k *carrier) finish(c *Conn, w *backlog) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if done, err := k.flushLocked(c); done || err != nil {
		c.retire(w)
	}
}

func (k *carrier) flushLocked(c *Conn) (done bool, err error) {
	for k.out != nil {
		n, err := c.writeFD(k.out.B[k.from:], nil)
		if err != nil {
			k.err = err
			k.drop()
			return false, err
		}
		if k.from += n; k.from == len(k.out.B) {
			k.drop()
		} else if n == 0 {
			return false, nil
		}
	}
	if k.fin {
		k.fin = false
		c.shutdown()
	}
	return true, k.err
}

// queued returns how many bytes are queued.
func (k *carrier) queued() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.out == nil {
		return 0
	}
	return len(k.out.B) - k.from
}

func (k *carrier) drop() {
	if k.out != nil {
		buffers.Put(k.out)
		k.out = nil
	}
}

// encryptAtOnce is the number of bytes that are encrypted before they are written.
const encryptAtOnce = 64 << 10

// tryWrite is Conn.TryWrite. What was encrypted counts as written when the system has
// taken all of it.
func (k *carrier) tryWrite(c *Conn, head, body []byte) (n int, err error) {
	for {
		if done, err := k.flush(c); !done || err != nil {
			return n, err
		}
		all := len(head) + len(body)
		m := min(k.held, all)
		k.held -= m
		n += m
		head, body = after(head, body, m)
		if all == m {
			return n, nil
		}
		h := head[:min(len(head), encryptAtOnce)]
		b := body[:min(len(body), encryptAtOnce-len(h))]
		if err := k.encrypt(h, b); err != nil {
			return n, err
		}
		k.held = len(h) + len(b)
	}
}

// after returns what follows the first n bytes of head and body.
func after(head, body []byte, n int) (_, _ []byte) {
	m := min(n, len(head))
	return head[m:], body[n-m:]
}

// encrypt queues the records with head and body.
func (k *carrier) encrypt(head, body []byte) error {
	k.batch(true)
	defer k.batch(false)
	for _, p := range [][]byte{head, body} {
		if len(p) > 0 {
			if _, err := k.tls.Write(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *carrier) batch(is bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.batching = is
}

// shutdown ends the sending direction of TLS and of the connection under it.
func (k *carrier) shutdown(c *Conn) bool {
	k.tls.CloseWrite()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of.Load() != c {
		return false
	}
	k.fin = true
	if done, _ := k.flushLocked(c); !done && k.err == nil {
		c.writeRest()
	}
	return true
}

// end is called when the connection is about to be closed. The peer learns that it ends
// as it should, as far as the system takes that at once.
func (k *carrier) end(c *Conn) {
	if !k.waits.Load() {
		k.tls.CloseWrite()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flushLocked(c)
	k.drop()
	k.fin, k.err = false, net.ErrClosed
	k.leave()
}

// leave makes sure that the descriptor is not read any more, which may soon be that of
// another connection.
func (k *carrier) leave() {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.of.Store(nil)
}

// detach returns the tls.Conn for somebody else to use.
func (k *carrier) detach() net.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leave()
	k.conn = k.face.detach()
	return k.tls
}

// writeUnder writes p to the connection, after what is left in the queue.
func (k *carrier) writeUnder(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	conn, out, from := k.conn, k.out, k.from
	k.out = nil
	k.mu.Unlock() // as the write may take long
	defer k.mu.Lock()
	if out != nil {
		defer buffers.Put(out)
		if _, err := conn.Write(out.B[from:]); err != nil {
			return 0, err
		}
	}
	return conn.Write(p)
}

// under returns the connection.
func (k *carrier) under() net.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.conn
}

// Close closes the connection under its Socket, if it has one.
func (k *carrier) Close() error { return k.under().Close() }

// CloseWrite ends the sending direction of a connection that no worker serves.
func (k *carrier) CloseWrite() error {
	if c, ok := k.under().(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (k *carrier) LocalAddr() net.Addr                { return k.under().LocalAddr() }
func (k *carrier) RemoteAddr() net.Addr               { return k.under().RemoteAddr() }
func (k *carrier) SetDeadline(t time.Time) error      { return k.under().SetDeadline(t) }
func (k *carrier) SetReadDeadline(t time.Time) error  { return k.under().SetReadDeadline(t) }
func (k *carrier) SetWriteDeadline(t time.Time) error { return k.under().SetWriteDeadline(t) }

// SyscallConn returns access to the descriptor, for socket options.
func (k *carrier) SyscallConn() (syscall.RawConn, error) {
	return k.under().(syscall.Conn).SyscallConn()
}

// tcpOptions are the options of TCP connections.
type tcpOptions interface {
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
	SetLinger(int) error
}

func (k *carrier) set(option func(tcpOptions) error) error {
	if c, ok := k.under().(tcpOptions); ok {
		return option(c)
	}
	return errors.ErrUnsupported
}

// SetNoDelay is like the method of net.TCPConn, as are the following methods. They return
// errors.ErrUnsupported if the connection has no such options.
func (k *carrier) SetNoDelay(on bool) error {
	return k.set(func(c tcpOptions) error { return c.SetNoDelay(on) })
}

func (k *carrier) SetKeepAlive(on bool) error {
	return k.set(func(c tcpOptions) error { return c.SetKeepAlive(on) })
}

func (k *carrier) SetReadBuffer(bytes int) error {
	return k.set(func(c tcpOptions) error { return c.SetReadBuffer(bytes) })
}

func (k *carrier) SetWriteBuffer(bytes int) error {
	return k.set(func(c tcpOptions) error { return c.SetWriteBuffer(bytes) })
}

func (k *carrier) SetLinger(sec int) error {
	return k.set(func(c tcpOptions) error { return c.SetLinger(sec) })
}
