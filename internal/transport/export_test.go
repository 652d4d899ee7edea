package transport

import "net"

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
	r := &onceReader{c: c, p: p}
	c.Serve(r)
	return r.n, r.err
}

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
	return Gone
}

func (r *onceReader) Space() []byte { return nil }
func (r *onceReader) Ended()        {}
