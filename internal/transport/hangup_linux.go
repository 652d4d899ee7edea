package transport

import (
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// A read that brought less than there was room for has emptied the socket, and
// the next read would only say that there is nothing: the reader waits instead,
// and a message costs a system call less. But an end of the connection that had
// come by then, in the same packet as the data perhaps, is in no event that the
// system will still report. So who waits without having looked is on a list,
// and hangupDelay later one poll(2) looks for all of them.
//
// The list and its timer are the process's. Sockets of a testing/synctest bubble
// read until there is nothing left instead.
//
// That is also the time for a reader whose stack has grown to be replaced by
// one with a new stack: the collector makes none smaller than 4 KiB.

// canSkip reports whether conn may be waited for after a short read. It is a TCP
// connection: those have no boundaries in what is read.
func canSkip(conn net.Conn) bool {
	_, ok := conn.(*net.TCPConn)
	return ok
}

// hangupDelay is how long the end of a connection that came together with the
// last data may go unnoticed.
const hangupDelay = 20 * time.Millisecond

var hangups struct {
	sync.Mutex
	waiting []hangup
	armed   bool // the timer is set
}

type hangup struct {
	conn *Conn
	fd   int32
}

// willWait is called each time that Serve is going to wait. It has the connection
// looked at once more, if need be.
//
//go:noinline
func (c *Conn) willWait() {
	if !c.flags.has(waited) {
		c.flags.set(waited)
	}
	if c.flags.has(unsure) && !c.flags.has(listed) {
		listForHangups(hangup{c, c.fd})
	}
}

func listForHangups(waiting ...hangup) {
	h := &hangups
	h.Lock()
	defer h.Unlock()
	for _, w := range waiting {
		w.conn.flags.set(listed | idle)
	}
	h.waiting = append(h.waiting, waiting...)
	if !h.armed {
		h.armed = true
		time.AfterFunc(hangupDelay, lookForHangups)
	}
}

// pollFD is struct pollfd of poll(2).
type pollFD struct {
	fd              int32
	events, revents int16
}

// pollRDHup asks for the end of what the peer sends. Errors and the end of both
// directions are told of without being asked for. pollPri asks for TCP's urgent
// data, at which a read ends although there is more behind it.
const (
	pollRDHup = 0x2000
	pollPri   = 0x2
)

func lookForHangups() {
	h := &hangups
	h.Lock()
	waiting := h.waiting
	h.waiting, h.armed = nil, false
	h.Unlock()

	for _, w := range waiting {
		w.conn.flags.clear(listed) // whoever waits from now on is looked at again
	}
	for chunk := range slices.Chunk(waiting, pollAtOnce) {
		look(chunk)
	}
}

// pollAtOnce is less than any bound on the open files of a process, which is
// also one on what poll takes.
const pollAtOnce = 256

// look asks the system about some of who waits, and has those look that need to.
func look(waiting []hangup) {
	var fds [pollAtOnce]pollFD
	for i, w := range waiting {
		fds[i] = pollFD{fd: w.fd, events: pollRDHup | pollPri}
	}
	var now syscall.Timespec
	syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), uintptr(len(waiting)), uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	var busy []hangup
	for i, w := range waiting {
		if fds[i].revents&pollPri != 0 {
			w.conn.flags.set(urgent)
		}
		isGrown, isIdle := w.conn.flags.has(grown), w.conn.flags.has(idle)
		switch {
		case fds[i].revents != 0, isGrown && isIdle:
			// A descriptor that is another's by now only makes a reader look in vain.
			w.conn.conn.SetReadDeadline(time.Unix(1, 0))
		case isGrown:
			busy = append(busy, w)
		}
	}
	if busy != nil {
		listForHangups(busy...)
	}
}
