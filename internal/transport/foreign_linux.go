//go:build !portable

package transport

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A foreign is a tls.Conn that somebody else has created, such as net/http, on a
// connection of package net. Workers wait until there is something to read, but they
// cannot read, because crypto/tls waits for the rest of a record that has begun. So they
// start a goroutine, which reads and calls the Reader until nothing is left.
type foreign struct {
	waiting
	c      *Conn
	secure *tls.Conn
	buf    *wire.Buffer // has what is kept, unless the Reader has
	fd     int          // a duplicate of the descriptor
	past   bool         // a deadline in the past is set for reading

	// Both may be used late, when c is another connection.
	task  task
	state atomic.Uint32
}

// The states of a foreign connection.
const (
	parked  uint32 = iota // no goroutine reads
	reading               // a goroutine reads
	again                 // as reading, and something has happened since it began
)

// initForeign makes c the connection conn if that is a tls.Conn on a connection of
// package net. The duplicate of the descriptor is what workers wait for: unlike the
// original, nobody closes it without their knowing.
func (c *Conn) initForeign(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	if !ok || bubble.ID() != 0 {
		return false
	}
	rc := rawConn(secure.NetConn())
	if rc == nil {
		return false
	}
	fd, err := noFD, error(nil)
	rc.Control(func(of uintptr) { fd, err = duplicate(int(of)) })
	if fd == noFD || err != nil {
		return false
	}
	f := &foreign{waiting: waiting{Conn: conn}, c: c, secure: secure, fd: fd}
	f.state.Store(reading) // until Start
	c.conn = f
	c.halt.Store(&halt{task: &f.task})
	return true
}

// In is called by a worker when there may be something to read, and after Wake.
func (f *foreign) In(bool) {
	for {
		old := f.state.Load()
		next := again
		if old == parked {
			next = reading
		}
		if f.state.CompareAndSwap(old, next) {
			if old == parked {
				go f.visit()
			}
			return
		}
	}
}

// Out is not called.
func (f *foreign) Out() {}

// park ends the visit, unless something has happened since it began.
func (f *foreign) park() (done bool) {
	if f.state.CompareAndSwap(reading, parked) {
		return true
	}
	f.state.Store(reading)
	return false
}

// start performs the TLS handshake, if there was none, and then serves the connection.
func (f *foreign) start() {
	returned := false
	defer func() {
		if !returned {
			f.err = errNoHandshake
			go f.visit()
		}
	}()
	f.err = f.secure.Handshake()
	if f.err == nil {
		f.err = f.task.Add(f.fd, f)
	}
	returned = true
	f.visit()
}

// visit reads and calls the Reader until nothing is left.
func (f *foreign) visit() {
	over, c := true, f.c
	defer func() {
		if over { // or a handler has ended the goroutine
			c.reader.Ended()
		}
	}()
	for {
		next := c.reader.Readable()
		switch {
		case next == Over || next == Wait && f.err != nil && len(f.kept) == 0:
			return // a Reader must not wait after an error
		case next == Gone:
			over = false
			return
		case next == Wait && (len(f.kept) > 0 || f.fill()):
			continue
		}
		if len(f.kept) == 0 {
			f.release()
		}
		// From here on c may be served by another goroutine.
		if over = false; f.park() {
			return
		}
		over = true
	}
}

func (f *foreign) release() {
	if f.buf != nil {
		buffers.Put(f.buf)
		f.buf = nil
	}
}

// fill reads once. It waits only if a record is incomplete. It reports whether something
// was read, or reading is over.
func (f *foreign) fill() bool {
	c := f.c
	if c.flags.has(closed | expired) {
		f.err = c.stopped()
		return true
	}
	// What crypto/tls has can be read after the deadline too, but nothing from the socket.
	f.deadline(!f.hasData())
	if c.flags.has(closed | expired) { // the deadline of which has just been removed
		f.err = c.stopped()
		return true
	}
	p := c.reader.Space()
	if p == nil {
		if f.buf == nil {
			f.buf = buffers.Get(busyRead)
		}
		p = f.buf.B[:cap(f.buf.B)]
	}
	n, err := f.secure.Read(p)
	f.kept = p[:n]
	if e, ok := err.(net.Error); ok && f.past && e.Timeout() {
		return n > 0
	}
	f.err = err
	return true
}

// hasData reports whether there is something in the socket, or its end or an error.
func (f *foreign) hasData() bool {
	var b [1]byte
	for {
		_, _, err := syscall.Recvfrom(f.fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err != syscall.EINTR {
			return err != syscall.EAGAIN
		}
	}
}

// deadline sets a deadline for reading that has passed, or none.
func (f *foreign) deadline(past bool) {
	if past == f.past {
		return
	}
	var t time.Time
	if past {
		t = time.Unix(1, 0)
	}
	f.past = past
	f.secure.SetReadDeadline(t)
}

// leave ends the registration.
func (f *foreign) leave() {
	f.task.Remove()
	if f.fd != noFD {
		syscall.Close(f.fd)
		f.fd = noFD
	}
	f.release()
}
