package transport

import (
	"net"
	"sync"
	"time"
)

// A Source holds bytes that the system did not take without waiting.
type Source interface {
	// Next says that n bytes of what it has returned before were written, and which
	// error has ended that write. It returns what is to be written next, or nil at the
	// end. The first call has neither bytes nor an error.
	Next(n int, err error) []byte

	// Finished is called when Next has returned nil, and Close no longer waits for it.
	Finished()
}

// A backlog is what is left to write on a connection.
type backlog struct {
	src  Source        // nil if only records of TLS are left
	done chan struct{} // closed when Next has returned nil; nil if workers write

	mu      sync.Mutex // held while workers write
	begun   bool
	piece   []byte // what they write next
	stopped bool   // src must not be called any more
}

// WriteLater writes what src has, and returns at once. It must not be called again before
// Next has returned nil.
func (c *Conn) WriteLater(src Source) {
	w := &backlog{src: src}
	if c.isServed() {
		c.backlog.Store(w)
		c.task.WantOut()
		return
	}
	w.done = make(chan struct{})
	c.backlog.Store(w)
	go c.write(c.NetConn(), w)
}

// writeRest has workers write what TLS has queued, unless they are writing something
// else, which TLS puts behind it.
func (c *Conn) writeRest() {
	if c.backlog.CompareAndSwap(nil, new(backlog)) {
		c.task.WantOut()
	}
}

// write writes to conn what w has.
func (c *Conn) write(conn net.Conn, w *backlog) {
	returned := false
	defer func() {
		if !returned { // src has ended the goroutine
			c.CloseSoon()
			close(w.done)
		}
	}()
	for p := w.src.Next(0, nil); p != nil; {
		p = w.src.Next(conn.Write(p[:min(len(p), writeAtOnce)]))
	}
	returned = true
	c.backlog.CompareAndSwap(w, nil)
	close(w.done)
	w.src.Finished()
}

// writeAtOnce is the number of bytes that a Source that is written by a goroutine learns
// of at once, so that it knows that a slow peer takes something.
const writeAtOnce = 16 << 10

// reportTime is how long Close waits for the result of a write. That takes so long only
// if a Write does not return when the connection is closed.
const reportTime = time.Second

// reported waits until the Source knows the result of its last write.
func (w *backlog) reported() {
	timer := time.NewTimer(reportTime)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
}

// mostWrites is the number of writes after which others have their turn.
const mostWrites = 8

// writeSome writes as much as the system takes without waiting, but no more than mostWrites
// times, and removes w when nothing is left. It returns src, once, when that has nothing
// left, and reports whether the system may take more.
func (w *backlog) writeSome(c *Conn) (finished Source, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return nil, false
	}
	if !w.begun && w.src != nil {
		w.begun = true
		w.next(c, 0, nil)
	}
	for writes := 0; w.piece != nil; writes++ {
		if writes == mostWrites {
			return nil, true
		}
		n, err := c.TryWrite(w.piece, nil)
		if n == 0 && err == nil {
			return nil, false
		}
		w.next(c, n, err)
	}
	finished, w.src = w.src, nil
	if c.way == byTLS {
		c.finishTLS(w)
	} else {
		c.retire(w)
	}
	return finished, false
}

// next sets the next piece. If src ends the goroutine nobody knows what comes next, so
// the connection is closed.
func (w *backlog) next(c *Conn, n int, err error) {
	w.piece, w.stopped = nil, true
	defer func() {
		if w.stopped {
			c.CloseSoon()
		}
	}()
	w.piece = w.src.Next(n, err)
	w.stopped = false
}

// stop waits until src is not being called, and makes sure that it is not called again.
func (w *backlog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}
