package transport

import (
	"bytes"
	"net"
	"sync"
)

// New returns a Conn that is conn.
func New(conn net.Conn) *Conn {
	c := new(Conn)
	c.Init(conn)
	return c
}

// Serve is like Start, but calls r in the calling goroutine until it leaves the
// connection to another one.
func (c *Conn) Serve(r Reader) {
	c.reader = r
	c.serve()
}

// Read waits until there is something to read, and reads it.
func (c *Conn) Read(p []byte) (int, error) {
	if c.HasWorkers() {
		return c.readLater(p)
	}
	r := &onceReader{c: c, p: p}
	c.Serve(r)
	return r.n, r.err
}

// readLater is Read for a connection whose Reader is called by others.
func (c *Conn) readLater(p []byte) (int, error) {
	r, started := c.reader.(*laterReader)
	if !started {
		r = &laterReader{c: c, done: make(chan struct{})}
	}
	r.mu.Lock()
	r.p = p
	r.mu.Unlock()
	if !started {
		c.Start(r, false)
	}
	c.Wake()
	<-r.done
	return r.n, r.err
}

// A laterReader is a Reader that reads once for each time that p is set.
type laterReader struct {
	c    *Conn
	mu   sync.Mutex
	p    []byte
	n    int
	err  error
	done chan struct{} // receives something for each read
}

func (r *laterReader) Readable() Next {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil {
		return Hold
	}
	if r.n, _, r.err = r.c.TryRead(r.p); r.err == ErrWouldBlock {
		return Wait
	}
	r.p = nil
	r.done <- struct{}{}
	return Hold
}

func (r *laterReader) Space() []byte { return nil }
func (r *laterReader) Ended()        {}

// A onceReader is a Reader that reads once.
type onceReader struct {
	c   *Conn
	p   []byte
	n   int
	err error
}

func (r *onceReader) Readable() Next {
	if r.n, _, r.err = r.c.TryRead(r.p); r.err == ErrWouldBlock {
		return Wait
	}
	if w, ok := r.c.conn.(*waiting); ok {
		w.kept = bytes.Clone(w.kept) // for the next onceReader: the memory is that of this Serve
	}
	return Gone
}

func (r *onceReader) Space() []byte { return nil }
func (r *onceReader) Ended()        {}
