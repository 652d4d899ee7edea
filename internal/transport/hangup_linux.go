package transport

import (
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// A read that returns less than it had room for has emptied the socket, and another
// read would only find nothing. So the Reader does not try one, which saves a system
// call for each message. But if the peer had ended the connection by then, perhaps in
// the same packet as the data, the system does not report that again. So a connection
// that waits without having looked for the end is put on a list, and after hangupDelay
// one poll(2) looks at all connections on it.
//
// The list and its timer belong to the process. Connections in a bubble of
// testing/synctest are not put on it: they are read until there is nothing left.
//
// The same look replaces a goroutine whose stack has grown by one with a new stack,
// because the garbage collector does not make such a stack smaller than 4 KiB again.

// canSkip reports whether conn may wait after a short read without looking for the end.
// Only TCP connections may, because a read of TCP stops at no boundaries.
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
	armed   bool // the timer has been started
}

type hangup struct {
	of   *Conn // which may be another connection by now
	conn net.Conn
	fd   int32
}

// willWait is called each time before the connection is waited for. It puts the connection on the list
// if the last read has not shown whether the end is there.
//
//go:noinline
func (c *Conn) willWait() {
	if c.flags.has(unsure) && !c.flags.has(listed) {
		listForHangups(hangup{c, c.conn, c.fd})
	}
}

func listForHangups(waiting ...hangup) {
	h := &hangups
	h.Lock()
	defer h.Unlock()
	for _, w := range waiting {
		w.of.flags.set(listed | idle)
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

// pollRDHup asks for the end of what the peer sends; errors and the end of both
// directions are always reported. pollPri asks for TCP's urgent data, at which a read
// stops although more data follows.
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
		w.of.flags.clear(listed) // a connection that waits from now on is listed again
	}
	for chunk := range slices.Chunk(waiting, pollAtOnce) {
		look(chunk)
	}
}

// pollAtOnce is the number of descriptors in one call of poll(2), which rejects more
// than the process may have open files.
const pollAtOnce = 256

// look polls the given connections, and makes those that need it read once more.
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
			w.of.flags.set(urgent)
		}
		isGrown, isIdle := w.of.flags.has(grown), w.of.flags.has(idle)
		switch {
		case fds[i].revents != 0, isGrown && isIdle:
			// If the descriptor has been reused by another connection, this causes only
			// a read in vain.
			w.conn.SetReadDeadline(time.Unix(1, 0))
		case isGrown:
			busy = append(busy, w)
		}
	}
	if busy != nil {
		listForHangups(busy...)
	}
}
