package airsocket

import (
	"net"
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// shutdownIfDone ends the sending direction when nothing is to follow, so that
// the peer sees the end only after all that was sent.
func (t *sender) shutdownIfDone() {
	if !t.fin || t.writing || t.pending != nil || t.conn == nil {
		return
	}
	t.fin = false
	conn := t.conn
	if conn.CanTry() {
		conn.CloseWrite()
		return
	}
	go func() { // TLS writes, and may have to wait
		if !conn.CloseWrite() {
			conn.Close()
		}
	}()
}

// fail gives up a connection that cannot be written to any more. unsent is the number of
// bytes that are neither pending nor the writer goroutine's and have not been written.
func (t *sender) fail(err error, unsent int) {
	t.broken, t.failing = true, true
	t.makeExtras().cause = err
	t.giveUp(unsent)
}

// giveUp lets go of what has not been written, of which more bytes are in the
// caller's hands. From now on it is lost.
func (t *sender) giveUp(more int) {
	t.inflight += more
	if n := t.unsentLocked(); n > 0 {
		t.makeExtras().lost = n
	}
	if t.closeLen > 0 && t.held() > 0 {
		t.closeOut = true // it is the last of what is held
	}
	t.writing, t.data, t.inflight, t.handed, t.closeLen = false, false, 0, 0, 0
	t.discardPending()
	if x := t.extra; x != nil {
		for _, b := range x.chunks {
			buffers.Put(b)
		}
		x.chunks, x.pong = nil, nil
	}
}

// unsent returns how many bytes of accepted messages, with the headers of their
// frames, have not been written, or could not be; whether that is so for the close
// frame; and why writing has failed, if it has.
func (t *sender) unsent() (n int, closeFrame bool, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsentLocked(), t.closeOut, t.extras().cause
}

func (t *sender) unsentLocked() int {
	lost := t.extras().lost
	if t.data {
		lost += max(t.held()-int(t.closeLen), 0)
	}
	return lost
}

// handOver is how much of what waits goes into one Write of a connection that is
// not raw. What is in there may have been sent, and answered, before Write
// returns, so that BufferedAmount does not count it.
const handOver = 16 << 10

// stashPending puts what is pending behind what the writer goroutine has. As it may
// have to wait for long, what does not fill its buffer moves to buffers that it
// does fill.
func (t *sender) stashPending() {
	b := t.pending
	t.pending = nil
	if cap(b.B)-len(b.B) <= len(b.B)/16 {
		x := t.makeExtras()
		x.chunks = append(x.chunks, b)
		t.inflight += len(b.B)
		return
	}
	t.stash(b.B)
	buffers.Put(b)
}

// stash puts a copy of p behind what the writer goroutine has, in buffers that it
// fills. They are long where p is, as each is a Write.
func (t *sender) stash(p []byte) {
	t.inflight += len(p)
	x := t.makeExtras()
	for len(p) > 0 {
		last := len(x.chunks) - 1
		if last < 0 || len(x.chunks[last].B) == cap(x.chunks[last].B) {
			size := flushAt
			for 2*size <= min(len(p), buffers.MaxSize) {
				size *= 2
			}
			x.chunks = append(x.chunks, buffers.Get(size))
			last++
		}
		to := x.chunks[last]
		n := min(len(p), cap(to.B)-len(to.B))
		to.B = append(to.B, p[:n]...)
		p = p[n:]
	}
}

// startWriter leaves b from the offset from on to a new writer goroutine.
func (t *sender) startWriter(b *wire.Buffer, from int) {
	t.inflight = len(b.B) - from
	t.runWriter(b, from)
}

// runWriter is startWriter for what inflight counts already.
func (t *sender) runWriter(b *wire.Buffer, from int) {
	t.writing = true
	t.noteHanded(len(b.B) - from)
	go t.writeLoop(t.conn.NetConn(), t.number, t.conn.CanTry(), b, from)
}

// noteHanded is for a Write of what is left of a buffer, or for its end.
func (t *sender) noteHanded(left int) {
	if !t.conn.CanTry() {
		t.handed = uint16(min(left, handOver))
	}
}

// writeLoop is the writer goroutine.
func (t *sender) writeLoop(conn net.Conn, number uint16, raw bool, b *wire.Buffer, from int) {
	for b != nil {
		p := b.B[from:]
		if !raw {
			p = p[:min(len(p), handOver)]
		}
		n, err := conn.Write(p)
		b, from = t.nextBuffer(number, b, from+n, n, err)
	}
}

// nextBuffer tells the writer goroutine of a connection, which has just written n
// bytes and b up to the offset from, what is next: nil ends it.
func (t *sender) nextBuffer(number uint16, b *wire.Buffer, from, n int, err error) (*wire.Buffer, int) {
	t.mu.Lock()
	if t.number != number || !t.writing { // there is another connection by now, or this one was given up
		t.mu.Unlock()
		return nil, 0
	}
	t.inflight -= n
	t.noteHanded(0)
	if err != nil || t.broken {
		t.writerEnds()
		if !t.broken {
			t.fail(err, 0)
		}
		t.unlock()
		return nil, 0
	}
	pong := -1
	if from == len(b.B) {
		buffers.Put(b)
		pong = t.enqueueOwedPong()
		b, from = t.takeChunk(), 0
	}
	if b != nil {
		t.noteHanded(len(b.B) - from)
	} else {
		t.data = false
		t.writerEnds()
		t.shutdownIfDone()
	}
	t.unlock()
	if pong >= 0 {
		t.owner.sentLater(wire.Pong, pong)
	}
	if b == nil {
		t.owner.drained()
	}
	return b, from
}

// takeChunk returns what the writer goroutine, which has written all that it had,
// is to write next, or nil.
func (t *sender) takeChunk() *wire.Buffer {
	b := t.pending
	if x := t.extras(); len(x.chunks) > 0 {
		b = x.chunks[0]
		x.chunks[0] = nil
		if x.chunks = x.chunks[1:]; len(x.chunks) == 0 {
			x.chunks = nil
		}
		t.inflight -= len(b.B)
	} else {
		t.pending = nil
	}
	b, err := t.encoded(b)
	if err != nil {
		t.fail(err, len(b.B))
		return nil
	}
	if b != nil {
		t.inflight += len(b.B)
	}
	return b
}

// enqueueOwedPong puts the pong that is owed behind what waits. It returns the
// length of its payload, or -1 if there is none.
func (t *sender) enqueueOwedPong() int {
	p := t.extras().pong
	if p == nil {
		return -1
	}
	t.extra.pong = nil
	if t.append(wire.Event{Kind: wire.Pong, Data: p}) != nil {
		return -1 // a close has been sent, which nothing follows
	}
	return len(p)
}

// allWritten reports whether nothing waits to be written.
func (t *sender) allWritten() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held() == 0
}

func (t *sender) writerEnds() {
	t.writing = false
	t.stopWaiting()
}

// drain writes what is pending. It returns a channel that is closed when the writer
// goroutine has ended or abandon has been called, or nil if there is nothing to
// wait for.
func (t *sender) drain() <-chan struct{} {
	t.mu.Lock()
	defer t.unlock()
	t.flushLocked(false)
	return t.writerDone()
}

// writerDone returns nil if there is no writer goroutine, or nobody is to wait for
// it. Only the reader asks for it.
func (t *sender) writerDone() <-chan struct{} {
	if !t.writing || t.left {
		return nil
	}
	x := t.makeExtras()
	x.done = make(chan struct{})
	return x.done
}

func (t *sender) stopWaiting() {
	if x := t.extra; x != nil && x.done != nil {
		close(x.done)
		x.done = nil
	}
}

// abandon closes the connection, and nobody waits for the writer goroutine any
// longer.
func (t *sender) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = true
	t.stopWaiting()
	if t.conn != nil {
		t.conn.CloseSoon()
	}
}

// writerTime is how long the writer goroutine of a connection that has been closed
// may take to say how far it has come: only a Write that does not return when
// Close is called takes it.
const writerTime = time.Second

// end closes the connection, for which nothing can be sent any more. It waits for
// the writer goroutine to say how far it has come: the peer may have all that it
// was sent, and have ended the connection, before the goroutine has come to say so.
func (t *sender) end() {
	t.mu.Lock()
	t.broken = true
	conn := t.conn
	t.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
	t.mu.Lock()
	t.left = false
	done := t.writerDone()
	t.mu.Unlock()
	if done != nil {
		timer := time.NewTimer(writerTime)
		select {
		case <-done:
		case <-timer.C:
		}
		timer.Stop()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveUp(0)
	if x := t.extra; x != nil && x.stream != nil {
		x.stream = nil
	}
}
