package airsocket

import (
	"net"

	"github.com/airsocket/airsocket/wire"
)

// flushSoon has what is pending written at the end of the turn, or now.
func (s *Socket) flushSoon() {
	if s.out.writing {
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
	if fd == noFD || b == nil || s.out.writing || s.out.broken || s.rarely().stream != nil || s.out.fin {
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
		buffers.Put(b)
		s.brokenLocked(err)
	case n < len(b.B):
		s.startWriter(b, n)
	default:
		buffers.Put(b)
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
		s.discardPending()
		return
	}
	s.out.pending = nil
	if s.rarely().stream != nil {
		b = s.throughStream(b)
	}
	n := 0
	var err error
	if s.raw != nil {
		n, err = writeNow(s.raw, fd, b.B, nil)
	}
	s.wrote(b, n, err)
}

// throughStream is what the stream extension makes of the frames in b.
func (s *Socket) throughStream(b *wire.Buffer) *wire.Buffer {
	z := buffers.Get(len(b.B))
	out, err := s.rarely().stream.Append(z.B, b.B)
	if err != nil {
		s.abortLocked(err)
	}
	z.B = out
	buffers.Put(b)
	return z
}

func (s *Socket) startWriter(b *wire.Buffer, from int) {
	s.out.writing = true
	s.out.inflight = len(b.B) - from
	go s.write(s.conn, b, from)
}

// write is the writer goroutine.
func (s *Socket) write(conn net.Conn, b *wire.Buffer, from int) {
	for b != nil {
		_, err := conn.Write(b.B[from:])
		buffers.Put(b)
		b, from = s.written(conn, err), 0
	}
}

// written tells the writer goroutine of conn what is next: nil ends it.
func (s *Socket) written(conn net.Conn, err error) *wire.Buffer {
	s.out.Lock()
	if s.conn != conn { // the Socket has another by now
		s.out.Unlock()
		return nil
	}
	s.out.inflight = 0
	if err != nil {
		s.out.writing = false
		s.brokenLocked(err)
		s.out.Unlock()
		return nil
	}
	if b := s.out.pending; b != nil && !s.out.broken {
		s.out.pending = nil
		if s.rarely().stream != nil {
			b = s.throughStream(b)
		}
		s.out.inflight = len(b.B)
		s.out.Unlock()
		return b
	}
	s.out.writing = false
	s.shutdownIfDone()
	s.out.Unlock()
	s.drained()
	return nil
}

// drained emits the drain event, unless there is a writer goroutine again, whose
// event it is then.
func (s *Socket) drained() {
	s.do(drainTurn, func() {
		// What other goroutines and turns have sent meanwhile must not be the
		// end of it: if it goes at once there will be no other event.
		s.Flush()
		if s.ReadyState() == Open && s.BufferedAmount() == 0 {
			emit(s, s.rarely().drain, &DrainEvent{target{s}})
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
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		if s.raw != nil {
			c.CloseWrite()
			return
		}
		go c.CloseWrite() // that of TLS writes, and may have to wait
		return
	}
	go conn.Close()
}

// brokenLocked is for a connection that cannot be written to any more.
func (s *Socket) brokenLocked(err error) {
	s.out.broken = true
	s.discardPending()
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
