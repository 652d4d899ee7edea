//go:build !portable

package transport

import (
	"net"
	"syscall"

	"github.com/airsocket/airsocket/internal/workers"
)

// A task is the registration of a connection that workers serve.
type task struct{ workers.Task }

// In is called by a worker when there is something to read, and after Wake. After an
// event that says more than that there is data, a short read does not show that nothing
// is left.
func (c *Conn) In(hup bool) (more bool) {
	over := true
	defer func() {
		if over { // or a handler has ended the goroutine
			c.task.Remove() // so that nothing is called any more
			c.reader.Ended()
		}
	}()
	if hup && c.flags.has(skips) {
		c.flags.set(urgent)
		c.flags.clear(skips)
	}
	if c.way == byTLS && !c.conn.(*carrier).in(c) {
		over = false
		return false
	}
	next := c.reader.Readable()
	over = next == Over
	return next == Again
}

// Out is called by a worker when there is room to write.
func (c *Conn) Out() (more bool) {
	w := c.backlog.Load()
	// Out may come late, when c is another connection, which a goroutine writes to.
	if w == nil || w.done != nil {
		return false
	}
	src, more := w.writeSome(c)
	if src != nil {
		src.Finished()
	}
	return more
}

// retire removes w, which has nothing left.
func (c *Conn) retire(w *backlog) {
	if c.backlog.CompareAndSwap(w, nil) {
		c.task.NoOut()
		if c.backlog.Load() != nil {
			c.task.WantOut() // which NoOut may have undone
		}
	}
}

// register has workers serve c from now on. If now is true, In is called in any case.
// Afterwards c may be another connection already.
func (c *Conn) register(now bool) error {
	if k, ok := c.conn.(*carrier); ok {
		return k.register(c)
	}
	if now {
		return c.task.AddNow(int(c.fd), c)
	}
	return c.task.Add(int(c.fd), c)
}

// unregister ends the registration, after which no worker uses the descriptor.
func (c *Conn) unregister() {
	c.task.Remove()
	if w := c.backlog.Load(); w != nil {
		w.stop()
	}
}

// Workers returns the number of workers, and how many of them are held up.
func Workers() (all, heldUp int) { return workers.Number() }

// leave ends the registration, and closes the descriptor when nobody uses it any more.
func (c *Conn) leave() {
	c.unregister()
	if k, ok := c.conn.(*carrier); ok {
		k.end(c)
	}
	for {
		n := c.users.Load()
		if n < 0 {
			return // it was left before
		}
		if c.users.CompareAndSwap(n, n+left) {
			if n == 0 {
				c.accepted().closeFD()
			}
			return
		}
	}
}

// accepted returns the face of the descriptor.
func (c *Conn) accepted() *accepted {
	if k, ok := c.conn.(*carrier); ok {
		return k.face // without a lock, as its caller may hold that
	}
	return c.conn.(*accepted)
}

// left is what makes users negative when the descriptor must not be used any more.
const left = -1 << 30

// use makes sure that the descriptor is not closed before unuse is called. It returns
// false if it may be closed already.
func (c *Conn) use() bool {
	if c.users.Add(1) > 0 {
		return true
	}
	c.unuse()
	return false
}

func (c *Conn) unuse() {
	if c.users.Add(-1) == left {
		c.accepted().closeFD()
	}
}

// writeFD is TryWrite.
func (c *Conn) writeFD(head, body []byte) (int, error) {
	if !c.use() {
		return 0, net.ErrClosed
	}
	n, err := writeFD(int(c.fd), head, body)
	c.unuse()
	return n, err
}

// unsent is Unsent for connections that workers wait for.
func (c *Conn) unsent() (n int, known bool) {
	if c.way == byForeign {
		return outQueue(c.conn.(*foreign).fd)
	}
	if !c.isServed() || !c.use() {
		return 0, false
	}
	n, known = outQueue(int(c.fd))
	c.unuse()
	if k, ok := c.conn.(*carrier); ok {
		n += k.queued()
	}
	return n, known
}

// shutdown ends the sending direction.
func (c *Conn) shutdown() bool {
	if !c.use() {
		return false
	}
	err := syscall.Shutdown(int(c.fd), syscall.SHUT_WR)
	c.unuse()
	return err == nil
}

// initAccepted makes c the connection conn if that was accepted for workers. A second
// Conn would close the descriptor under the first one, so it gets the error of Read.
func (c *Conn) initAccepted(conn net.Conn) bool {
	a, ok := conn.(*accepted)
	if !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn != nil {
		return false
	}
	a.conn, c.fd = c, a.fd
	if a.unix == nil { // a read of a unix socket may stop at a boundary of writes
		c.flags.set(skips)
	}
	return true
}

// detachFD is Detach.
func (c *Conn) detachFD() net.Conn {
	c.unregister()
	if k, ok := c.conn.(*carrier); ok {
		return k.detach()
	}
	return c.conn.(*accepted).detach()
}

// The following methods are for TLS.

func (c *Conn) secure() net.Conn {
	if f, ok := c.conn.(*foreign); ok {
		return f.Conn
	}
	return c.conn.(*carrier).tls
}

func (c *Conn) readTLS(p []byte) (n int, drained bool, err error) {
	return c.conn.(*carrier).tryRead(p)
}

func (c *Conn) writeTLS(head, body []byte) (int, error) {
	return c.conn.(*carrier).tryWrite(c, head, body)
}

// finishTLS removes w when nothing is left of what TLS has queued.
func (c *Conn) finishTLS(w *backlog) { c.conn.(*carrier).finish(c, w) }

func (c *Conn) shutdownTLS() bool { return c.conn.(*carrier).shutdown(c) }

func (c *Conn) serveForeign() { c.conn.(*foreign).start() }
func (c *Conn) leaveForeign() { c.conn.(*foreign).leave() }

func (c *Conn) takeForeign(p []byte) (n int, drained bool, err error) {
	return c.conn.(*foreign).take(p)
}

func (c *Conn) writeForeign(p []byte) (int, error) { return c.conn.(*foreign).tryWrite(p) }
