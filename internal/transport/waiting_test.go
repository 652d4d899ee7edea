package transport

import (
	"net"
	"slices"
	"testing"
)

// A scriptedConn returns reads of given lengths, and notes how much each asked for.
type scriptedConn struct {
	net.Conn
	reads []int // negative: an end
	asked []int
}

func (c *scriptedConn) Read(p []byte) (int, error) {
	c.asked = append(c.asked, len(p))
	if len(c.reads) == 0 {
		return 0, net.ErrClosed
	}
	n := min(c.reads[0], len(p))
	c.reads = c.reads[1:]
	return n, nil
}

// A drainingReader takes everything in pieces of the length of buf.
type drainingReader struct {
	c     *Conn
	buf   []byte
	space []byte
	total int
	err   error
}

func (r *drainingReader) Readable() Next {
	for {
		p := r.buf
		if r.space != nil {
			p = r.space
		}
		n, drained, err := r.c.TryRead(p)
		if r.total += n; err != nil && err != ErrWouldBlock {
			r.err = err
			return Over
		} else if err != nil || drained {
			return Wait
		}
	}
}

func (r *drainingReader) Space() []byte { return r.space }
func (r *drainingReader) Ended()        {}

// TestWaitingReads checks how much a connection without a descriptor reads at a time: a
// little while it is idle, and never more than 16 KiB into memory of its own.
func TestWaitingReads(t *testing.T) {
	conn := &scriptedConn{reads: []int{10, 512, 16 << 10, 16 << 10, 100, 512, 1}}
	c := New(conn)
	r := &drainingReader{c: c, buf: make([]byte, 1000)}
	c.Serve(r)
	if want := []int{512, 512, 16 << 10, 16 << 10, 16 << 10, 512, 16 << 10, 512}; !slices.Equal(conn.asked, want) {
		t.Errorf("the reads asked for %d, want %d", conn.asked, want)
	}
	if want := 10 + 512 + 32<<10 + 100 + 512 + 1; r.total != want || r.err != net.ErrClosed {
		t.Errorf("%d bytes were taken, want %d; ended with %v", r.total, want, r.err)
	}
}

// TestWaitingReadsToSpace checks that a connection without a descriptor reads to where
// its Reader wants the bytes.
func TestWaitingReadsToSpace(t *testing.T) {
	conn := &scriptedConn{reads: []int{300 << 10, 1}}
	c := New(conn)
	r := &drainingReader{c: c, space: make([]byte, 1<<20)}
	c.Serve(r)
	if want := []int{1 << 20, 1 << 20, 1 << 20}; !slices.Equal(conn.asked, want) || r.total != 300<<10+1 {
		t.Errorf("the reads asked for %d, and %d bytes were taken", conn.asked, r.total)
	}
}
