package airsocket

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/airsocket/airsocket/wire"
)

// backlog is what there is to sending only while the system does not take all
// that is sent: the frames for the writer goroutine, which ends when it has
// nothing left. It is guarded by Socket.out.
type backlog struct {
	chunks []*wire.Buffer // what goes out before the pending frames
	pong   []byte         // what the latest ping is owed; nil for nothing
	lost   int            // bytes of accepted messages that could not be written
	done   chan struct{}  // closed at the end of the writer goroutine, if somebody waits for it
}

// handOver is how much of what waits goes into one Write of a connection that is
// not raw. What is in there may have been sent, and answered, before Write
// returns, so that BufferedAmount does not count it.
const handOver = 16 << 10

// stashPending puts what is pending behind what the writer goroutine has. As it may
// have to wait for long, what does not fill its buffer moves to buffers that it
// does fill.
func (s *Socket) stashPending() {
	b := s.out.pending
	s.out.pending = nil
	s.out.inflight += len(b.B)
	x := &s.makeExtras().backlog
	if cap(b.B)-len(b.B) <= len(b.B)/16 {
		x.chunks = append(x.chunks, b)
		return
	}
	for p := b.B; len(p) > 0; {
		last := len(x.chunks) - 1
		if last < 0 || len(x.chunks[last].B) == cap(x.chunks[last].B) {
			x.chunks = append(x.chunks, buffers.Get(flushAt))
			last++
		}
		to := x.chunks[last]
		n := min(len(p), cap(to.B)-len(to.B))
		to.B = append(to.B, p[:n]...)
		p = p[n:]
	}
	buffers.Put(b)
}

func (s *Socket) startWriter(b *wire.Buffer, from int) {
	s.out.writing = true
	s.out.inflight = len(b.B) - from
	s.noteHanded(s.out.inflight)
	go s.write(s.conn, s.number, s.raw != nil, b, from)
}

// noteHanded is for a Write of what is left of a buffer, or for its end.
func (s *Socket) noteHanded(left int) {
	if s.raw == nil {
		s.out.handed = uint16(min(left, handOver))
	}
}

// write is the writer goroutine.
func (s *Socket) write(conn net.Conn, number uint16, raw bool, b *wire.Buffer, from int) {
	for b != nil {
		p := b.B[from:]
		if !raw {
			p = p[:min(len(p), handOver)]
		}
		n, err := conn.Write(p)
		b, from = s.written(number, b, from+n, n, err)
	}
}

// written tells the writer goroutine of a connection, which has just written n bytes
// and b up to the offset from, what is next: nil ends it.
func (s *Socket) written(number uint16, b *wire.Buffer, from, n int, err error) (*wire.Buffer, int) {
	s.out.Lock()
	if s.number != number || !s.out.writing { // the Socket has another by now, or has given this one up
		s.out.Unlock()
		return nil, 0
	}
	s.out.inflight -= n
	s.noteHanded(0)
	if err != nil || s.out.broken {
		s.writerEnds()
		if !s.out.broken {
			s.brokenLocked(err, 0)
		}
		s.out.Unlock()
		return nil, 0
	}
	pong := -1
	if from == len(b.B) {
		buffers.Put(b)
		pong = s.sendOwedPong()
		b, from = s.nextChunk(), 0
	}
	if b != nil {
		s.noteHanded(len(b.B) - from)
	} else {
		s.out.data = false
		s.writerEnds()
		s.shutdownIfDone()
	}
	s.out.Unlock()
	if pong >= 0 {
		s.noteSent(wire.Pong, pong)
	}
	if b == nil {
		s.drained()
	}
	return b, from
}

func (s *Socket) allWritten() bool {
	s.out.Lock()
	defer s.out.Unlock()
	return s.out.buffered() == 0
}

func (s *Socket) writerEnds() {
	s.out.writing = false
	s.stopWaitingForWriter()
}

// drain writes what was sent to a peer that has ended its own direction, and may
// still read, and waits for the writer goroutine; or until the connection is
// aborted, after Options.CloseTimeout at the latest. There is no waiting without a
// bound here: a peer that says nothing more cannot be told from one that has gone.
func (s *Socket) drain() {
	s.out.Lock()
	s.flushLocked(noFD)
	if !s.out.writing || s.flags.has(aborted) {
		s.out.Unlock()
		return
	}
	s.startClosing(cmp.Or(s.opts.closeTimeout, DefaultCloseTimeout))
	done := s.writerDone()
	s.out.Unlock()
	<-done
}

// writerTime is how long the writer goroutine of a connection that has been closed
// may take to say how far it has come: only a Write that does not return when
// Close is called takes it.
const writerTime = time.Second

// waitForWriter waits for the writer goroutine of a connection that has been
// closed. The peer may have all that it was sent, and have ended the connection,
// before the goroutine has come to say so.
func (s *Socket) waitForWriter() {
	s.out.Lock()
	if !s.out.writing {
		s.out.Unlock()
		return
	}
	done := s.writerDone()
	s.out.Unlock()
	timer := time.NewTimer(writerTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// writerDone is a channel that will be closed at the end of the writer goroutine,
// or when the connection is aborted. Only the reader asks for it.
func (s *Socket) writerDone() <-chan struct{} {
	x := &s.makeExtras().backlog
	x.done = make(chan struct{})
	return x.done
}

func (s *Socket) stopWaitingForWriter() {
	if r := s.extra.Load(); r != nil && r.backlog.done != nil {
		close(r.backlog.done)
		r.backlog.done = nil
	}
}

// nextChunk is what the writer goroutine, which has written all that it had, is
// to write next, or nil.
func (s *Socket) nextChunk() *wire.Buffer {
	b := s.out.pending
	if x := &s.extras().backlog; len(x.chunks) > 0 {
		b = x.chunks[0]
		x.chunks[0] = nil
		if x.chunks = x.chunks[1:]; len(x.chunks) == 0 {
			x.chunks = nil
		}
		s.out.inflight -= len(b.B)
	} else {
		s.out.pending = nil
	}
	if b == nil {
		return nil
	}
	if s.extras().stream != nil {
		b = s.throughStream(b)
	}
	s.out.inflight += len(b.B)
	return b
}

// throughStream is what the stream extension makes of the frames in b.
func (s *Socket) throughStream(b *wire.Buffer) *wire.Buffer {
	z := buffers.Get(len(b.B))
	out, err := s.extras().stream.Append(z.B, b.B)
	if err != nil {
		s.abortLocked(err)
	}
	z.B = out
	if len(b.B) == int(s.out.closeLen) {
		s.out.closeLen = uint8(min(len(z.B), math.MaxUint8))
	}
	buffers.Put(b)
	return z
}

// owePong has the pong for the latest ping sent when the peer has taken what
// waits, instead of those for the pings before it (RFC 6455, section 5.5.3): a
// peer that does not read what it asks for costs no more than one.
func (s *Socket) owePong(payload []byte) {
	x := &s.makeExtras().backlog
	x.pong = append(x.pong[:0], payload...)
	if x.pong == nil {
		x.pong = []byte{}
	}
}

// sendOwedPong puts the pong that is owed behind what waits. It returns the
// length of its payload, or -1 if there is none.
func (s *Socket) sendOwedPong() int {
	x := &s.extras().backlog
	if x.pong == nil {
		return -1
	}
	p := x.pong
	x.pong = nil
	s.room(len(p) + maxHeader)
	b, err := s.out.enc.Append(s.out.pending.B, wire.Event{Kind: wire.Pong, Data: p})
	s.out.pending.B = b
	s.dropEmpty()
	if err != nil {
		return -1 // a close has been sent, which nothing follows
	}
	return len(p)
}

// unsentLocked is how many bytes of accepted messages, with the headers of their
// frames, have not been written, or could not be.
func (s *Socket) unsentLocked() int {
	lost := s.extras().backlog.lost
	if s.out.data {
		lost += max(s.out.buffered()-int(s.out.closeLen), 0)
	}
	return lost
}

// giveUpSending lets go of what has not been written, of which more bytes are in
// the caller's hands. From now on it is lost.
func (s *Socket) giveUpSending(more int) {
	s.out.inflight += more
	if n := s.unsentLocked(); n > 0 {
		s.makeExtras().backlog.lost = n
	}
	s.out.writing, s.out.inflight, s.out.handed, s.out.closeLen = false, 0, 0, 0
	s.discardPending()
	if r := s.extra.Load(); r != nil {
		for _, b := range r.backlog.chunks {
			buffers.Put(b)
		}
		r.backlog.chunks, r.backlog.pong = nil, nil
	}
}

// withUnsent is why a connection ends, and how much of what was accepted has not
// been sent.
func (s *Socket) withUnsent(cause error) error {
	if _, dropped := cause.(*droppedError); dropped {
		return cause
	}
	s.out.Lock()
	n := s.unsentLocked()
	s.out.Unlock()
	switch {
	case n == 0 || errors.Is(cause, ErrUnsent):
		return cause
	}
	return &unsentError{n, cause}
}

// unsentError is an ErrUnsent that says how much, and why.
type unsentError struct {
	bytes int
	cause error // may be nil
}

func (e *unsentError) Error() string {
	text := fmt.Sprintf("airsocket: %d bytes of accepted messages were not sent", e.bytes)
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *unsentError) Unwrap() []error { return []error{ErrUnsent, e.cause} }
