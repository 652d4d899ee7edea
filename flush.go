package airsocket

import (
	"net"

	"github.com/airsocket/airsocket/wire"
)

// flushSoon has what is pending written at the end of the turn, or now.
func (s *Socket) flushSoon() {
	if s.out.writing {
		if s.out.pending != nil && len(s.out.pending.B) >= flushAt {
			s.stashPending()
		}
		return
	}
	if !s.out.listed {
		s.out.listed = s.disp.flushLater(s)
	}
	if !s.out.listed || s.out.pending != nil && len(s.out.pending.B) >= flushAt {
		s.flushLocked(noFD)
	}
}

// flush is called once for each time that flushLater has listed s. The common
// case is here at its full length; see readable.
func (s *Socket) flush(fd int) {
	s.out.Lock()
	s.out.listed = false
	b := s.out.pending
	if fd == noFD || b == nil || s.out.writing || s.out.broken || s.extras().stream != nil || s.out.fin {
		s.flushLocked(fd)
		s.out.Unlock()
		return
	}
	s.out.pending = nil
	n, err := writeFD(fd, b.B, nil)
	s.wrote(b, n, err)
	s.out.Unlock()
}

// wrote is for when n bytes of b have been written.
//
//go:noinline
func (s *Socket) wrote(b *wire.Buffer, n int, err error) {
	switch {
	case err != nil:
		unsent := len(b.B) - n
		buffers.Put(b)
		s.brokenLocked(err, unsent)
	case n < len(b.B):
		s.startWriter(b, n)
	default:
		buffers.Put(b)
		s.out.data = false
		s.shutdownIfDone()
	}
}

// flushLocked writes what is pending, without waiting.
//
//go:noinline
func (s *Socket) flushLocked(fd int) {
	if s.out.writing {
		return
	}
	b := s.out.pending
	if b == nil {
		s.shutdownIfDone()
		return
	}
	if s.conn == nil || s.out.broken {
		return // giveUpSending counts it
	}
	s.out.pending = nil
	if s.extras().stream != nil {
		b = s.throughStream(b)
	}
	n := 0
	var err error
	if s.raw != nil {
		n, err = writeNow(s.raw, fd, b.B, nil)
	}
	s.wrote(b, n, err)
}

// drained emits the drain event, unless there is a writer goroutine again, whose
// event it is then.
func (s *Socket) drained() {
	s.do(drainTurn, func() {
		// What other goroutines and turns have sent meanwhile must not be the
		// end of it: if it goes at once there will be no other event.
		s.Flush()
		if s.ReadyState() == StateOpen && s.allWritten() {
			emit(s, s.extras().drain, &DrainEvent{target{s}})
		}
	})
}

// shutdownIfDone ends the sending direction when nothing is to follow, so that
// the peer sees the end only after all that was sent.
func (s *Socket) shutdownIfDone() {
	if !s.out.fin || s.out.writing || s.out.pending != nil || s.conn == nil {
		return
	}
	s.out.fin = false
	conn := s.conn
	if s.raw != nil {
		closeWrite(conn)
		return
	}
	go func() { // TLS writes, and may have to wait
		if !closeWrite(conn) {
			conn.Close()
		}
	}()
}

// closeWrite ends the sending direction of conn and of the connection below it,
// and reports whether there is such a thing: there are peers that wait for the
// end of TCP, and do not take that of TLS for it.
func closeWrite(conn net.Conn) bool {
	c, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return false
	}
	ended := c.CloseWrite() == nil
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return closeWrite(over.NetConn()) || ended
	}
	return ended
}

// brokenLocked is for a connection that cannot be written to any more. So many
// bytes of what is neither pending nor the writer goroutine's have not gone out.
func (s *Socket) brokenLocked(err error, unsent int) {
	s.out.broken = true
	s.giveUpSending(unsent)
	if !s.flags.has(aborted) {
		s.flags.set(lost)
	}
	s.abortLocked(err)
}

func (s *Socket) discardPending() {
	if s.out.pending != nil {
		buffers.Put(s.out.pending)
		s.out.pending = nil
	}
}

// dropEmpty gives back a buffer that has nothing in it.
func (s *Socket) dropEmpty() {
	if s.out.pending != nil && len(s.out.pending.B) == 0 {
		s.discardPending()
	}
}
