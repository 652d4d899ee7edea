//go:build !portable

package transport

import (
	"crypto/tls"
	"math"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A foreign is a tls.Conn that somebody else has created, such as net/http, on a
// connection of package net. Its Read waits for the rest of a record that has begun. So
// workers look at what is there, and read only whole records. If that cannot be told,
// because crypto/tls has the beginning of a record, a goroutine reads instead until
// nothing is left.
type foreign struct {
	waiting
	c          *Conn
	secure     *tls.Conn
	buf        *wire.Buffer // has what is kept
	fd         int          // a duplicate of the descriptor
	reads      int          // reads of the socket that will not wait; unlimited for a goroutine
	more       bool         // there may be more records in the socket than reads says
	keeps      int          // bytes of a record that are left in the socket until it is complete
	past       bool         // a deadline in the past is set for reading
	left       bool         // crypto/tls may have whole records
	broken     error        // that looking at the socket has returned, and that no read returns any more
	incomplete uint8        // looks that have found a record that was not complete
	wary       uint8        // visits that goroutines make because a worker has waited in a read

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
	// A unix socket that is written to in small pieces is full long before a record is
	// complete.
	if _, ok := secure.NetConn().(*net.TCPConn); ok && memory(fd).receives() >= 4*maxRecord {
		f.keeps = maxRecord
	}
	f.state.Store(reading) // until Start
	c.conn = f
	c.halt.Store(&halt{task: &f.task})
	return true
}

// In is called by a worker when there may be something to read, and after Wake.
func (f *foreign) In(hup bool) (more bool) {
	for {
		switch old := f.state.Load(); {
		case old == parked && f.state.CompareAndSwap(parked, reading):
			if f.wary > 0 {
				f.wary--
				hup = true
			}
			switch {
			case hup:
				f.reads = unlimited
				go f.visit()
			case f.left:
				// The Reader was held. If the records in the socket were counted now, those that
				// crypto/tls has would be read instead of them.
				f.reads, f.more = 0, true
				f.visit()
			case f.looks():
				f.visit()
			default:
				f.reads = unlimited
				go f.visit()
			}
			return false // visit calls Wake
		case old != parked && f.state.CompareAndSwap(old, again):
			return false
		}
	}
}

// Out is not called.
func (f *foreign) Out() (more bool) { return false }

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
	f.reads = unlimited
	if f.err = f.secure.Handshake(); f.err == nil {
		if err := f.task.Add(f.fd, f); err != nil {
			returned = true
			f.refuse(err)
			return
		}
	}
	returned = true
	f.visit()
}

// refuse passes err to the Reader of a connection that workers cannot wait for. It waits
// itself while the Reader holds the connection.
func (f *foreign) refuse(err error) {
	c, over := f.c, true
	defer func() {
		if over {
			c.reader.Ended()
		}
	}()
	f.err = err
	c.halt.Store(new(halt)) // without a task, which could not be woken
	over = c.call() != Gone
}

// visit reads and calls the Reader until nothing is left that can be read without
// waiting, or in a goroutine until nothing is left.
func (f *foreign) visit() {
	over, c := true, f.c
	defer func() {
		if over { // or a handler has ended the goroutine
			c.reader.Ended()
		}
	}()
	for rounds := 1; ; rounds++ {
		next := c.reader.Readable()
		switch {
		case next == Over || next == Wait && f.err != nil && len(f.kept) == 0:
			return // a Reader must not wait after an error
		case next == Gone:
			over = false
			return
		case next == Hold:
		case next == Again:
			continue
		case len(f.kept) > 0 || f.fill():
			continue
		case !f.more:
		case rounds >= mostRounds:
			f.task.Wake() // so that others have their turn
		case f.looks():
			if f.fill() {
				continue
			}
		default:
			over = false
			f.reads = unlimited
			go f.visit()
			return
		}
		if len(f.kept) == 0 {
			f.release()
		}
		// From here on c may be served by another goroutine.
		if over = false; f.park() {
			return
		}
		// Only a goroutine comes here: for a worker In is called again. What has come since it
		// has looked at the socket is not in reads.
		over, f.reads = true, unlimited
	}
}

// mostRounds is the number of rounds after which a worker leaves a connection, although
// there is more to read.
const mostRounds = 8

func (f *foreign) release() {
	if f.buf != nil {
		buffers.Put(f.buf)
		f.buf = nil
	}
}

// fill reads once. It waits only in a goroutine, while a record is incomplete. It reports
// whether something was read, or reading is over.
func (f *foreign) fill() bool {
	c := f.c
	if c.flags.has(closed | expired) {
		f.err = c.stopped()
		return true
	}
	fromSocket := f.broken == nil && f.reads > 0 && (f.reads < unlimited || f.hasData())
	// What crypto/tls has can be read after the deadline too, but nothing from the socket.
	f.deadline(!fromSocket)
	if c.flags.has(closed | expired) { // the deadline of which has just been removed
		f.err = c.stopped()
		return true
	}
	if f.buf == nil {
		f.buf = buffers.Get(busyRead)
	}
	var began time.Time
	if fromSocket && f.reads < unlimited {
		f.reads--
		began = time.Now()
	}
	n, err := f.secure.Read(f.buf.B[:cap(f.buf.B)])
	if !began.IsZero() && time.Since(began) > tooLong {
		f.wary = waryFor
	}
	f.kept, f.left = f.buf.B[:n], n > 0
	if e, ok := err.(net.Error); ok && f.past && e.Timeout() {
		if n > 0 || f.broken == nil {
			return n > 0
		}
		err = f.broken
	}
	f.err = err
	return true
}

// unlimited is more than the number of records that looks can find.
const unlimited = math.MaxInt

// A worker does not wait in a read unless a peer makes what crypto/tls has the beginning
// of look like another record. Then the monitor of workers replaces it, and goroutines
// make the next visits. tooLong is the time of a read that must have waited, or has not
// had a processor.
const (
	tooLong = time.Millisecond
	waryFor = 100
)

// looks looks at what is in the socket, and sets the number of reads that will not wait.
// It returns false if only a goroutine can read, because crypto/tls seems to have the
// beginning of the first record, or because the socket may not have room for the last one.
func (f *foreign) looks() bool {
	f.reads, f.more = 0, false
	var b [4 << 10]byte
	n, err := f.peek(b[:])
	if err == syscall.EAGAIN {
		return true
	}
	if err != nil || n < recordHeader {
		return false
	}
	there := n
	if n == len(b) {
		if there, err = unread(f.fd); err != nil {
			return false
		}
	}
	next := 0
	for next+recordHeader <= n {
		// Type, version and length (RFC 8446, section 5.1); the version is that of TLS 1.2.
		h := b[next : next+recordHeader]
		size := int(h[3])<<8 | int(h[4])
		if h[0] < 20 || h[0] > 24 || h[1] != 3 || h[2] != 3 || size > maxRecord {
			return false
		}
		if next += recordHeader + size; next > there {
			break // it is not complete
		}
		f.reads++
	}
	f.more = next < there && n == len(b)
	if f.reads > 0 {
		f.incomplete = 0
		return true
	}
	f.incomplete++
	return there <= f.keeps && f.incomplete%mostLooks != 0
}

// mostLooks is the number of looks at an incomplete record after which a goroutine waits for
// the rest, which costs less if that comes in many pieces.
const mostLooks = 8

const (
	recordHeader = 5
	maxRecord    = 16<<10 + 2048 // RFC 5246, section 6.2.3
)

// hasData reports whether there is something in the socket, or its end.
func (f *foreign) hasData() bool {
	var b [1]byte
	_, err := f.peek(b[:])
	return err == nil
}

// peek reads without taking what it reads. The system reports an error, such as that the
// peer has reset the connection, only once, so peek keeps it.
func (f *foreign) peek(p []byte) (int, error) {
	n, err := recvPeek(f.fd, p)
	if err != nil && err != syscall.EAGAIN {
		conn := f.secure
		f.broken = &net.OpError{Op: "read", Net: conn.LocalAddr().Network(), Source: conn.LocalAddr(), Addr: conn.RemoteAddr(), Err: os.NewSyscallError("recvfrom", err)}
	}
	return n, err
}

// unread returns the number of bytes in a socket.
func unread(fd int) (n int, err error) {
	var size int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0, errno
	}
	return int(size), nil
}

// recvPeek reads without taking what it reads.
func recvPeek(fd int, p []byte) (int, error) {
	for {
		n, _, err := syscall.Recvfrom(fd, p, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// tryWrite writes head if the socket has room for all of it, as crypto/tls could not go on
// after a part.
func (f *foreign) tryWrite(head []byte) (int, error) {
	if len(head) == 0 || len(head) > maxTryWrite || memory(f.fd).room() < 2*len(head)+extraRoom {
		return 0, nil
	}
	return f.secure.Write(head)
}

const (
	maxTryWrite = 32 << 10
	extraRoom   = 16 << 10 // for what the system needs besides the bytes
)

// A memInfo is what SO_MEMINFO of socket(7) tells about the memory of a socket; it is zero
// where the system does not tell.
type memInfo [9]uint32

// receives returns the size of the receive buffer.
func (m memInfo) receives() int { return int(m[1]) }

// room returns how much memory there is until a write waits.
func (m memInfo) room() int {
	allocated, limit, queued := m[2], m[3], m[5]
	return int(limit) - int(max(allocated, queued))
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

// leave ends the registration, and removes the deadline for reading.
func (f *foreign) leave() {
	f.deadline(false)
	f.task.Remove()
	if f.fd != noFD {
		syscall.Close(f.fd)
		f.fd = noFD
	}
	f.release()
}
