package transport

import (
	"net"
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
	src  Source
	done chan struct{} // closed when Next has returned nil
}

// WriteLater writes what src has, and returns at once. It must not be called again before
// Next has returned nil.
func (c *Conn) WriteLater(src Source) {
	w := &backlog{src: src, done: make(chan struct{})}
	c.backlog.Store(w)
	go c.write(c.NetConn(), w)
}

// write writes to conn what w has.
func (c *Conn) write(conn net.Conn, w *backlog) {
	for p := w.src.Next(0, nil); p != nil; {
		p = w.src.Next(conn.Write(p))
	}
	c.backlog.CompareAndSwap(w, nil)
	close(w.done)
	w.src.Finished()
}

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
