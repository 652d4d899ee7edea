package airsocket

import (
	"net"
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// shutdownIfDone ends the sending direction if that is wanted and everything has been
// written, so that the peer has received everything before it sees the end.
func (t *sender) shutdownIfDone() {
	if !t.fin || t.writing || t.pending != nil || !t.conn.IsSet() {
		return
	}
	t.fin = false
	if t.conn.CanTry() {
		t.conn.CloseWrite()
	} else {
		t.conn.CloseWriteSoon() // TLS writes, and may have to wait
	}
}

// fail gives up a connection to which writing has failed. unsent is the number of
// unwritten bytes that are neither pending nor left to the writer goroutine.
func (t *sender) fail(err error, unsent int) {
	t.broken, t.failing = true, true
	t.makeExtras().cause = err
	t.giveUp(unsent)
}

// giveUp discards what has not been written, and counts it as lost. more is the number
// of further unwritten bytes that the caller has.
func (t *sender) giveUp(more int) {
	t.inflight += more
	if n := t.unsentLocked(); n > 0 {
		t.makeExtras().lost = n
	}
	if t.closeLen > 0 && t.held() > 0 {
		t.closeOut = true // it is at the end of what was not written
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

// unsent returns how many bytes of accepted messages, including the headers of their
// frames, were not written; whether the close frame was not written; and why writing
// failed, if it did.
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

// handOver is the maximum number of bytes in one Write of a connection without a
// descriptor. They may have been sent, and even answered, before Write returns, so
// BufferedAmount does not count them.
const handOver = 16 << 10

// stashPending leaves what is pending to the writer goroutine. Since it may have to
// wait for long, it is copied to buffers that it fills unless it fills its own.
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

// stash leaves a copy of p to the writer goroutine, in buffers that it fills. A long p
// gets long buffers, because each buffer is one Write.
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

// startWriter starts a writer goroutine, which begins with b from the offset from.
func (t *sender) startWriter(b *wire.Buffer, from int) {
	t.inflight = len(b.B) - from
	t.runWriter(b, from)
}

// runWriter is startWriter for bytes that inflight already counts.
func (t *sender) runWriter(b *wire.Buffer, from int) {
	t.writing = true
	t.noteHanded(len(b.B) - from)
	go t.writeLoop(t.conn.NetConn(), t.number, t.conn.CanTry(), b, from)
}

// noteHanded sets handed for a Write of a buffer with left bytes to write, or for no
// Write if left is 0.
func (t *sender) noteHanded(left int) {
	if !t.conn.CanTry() {
		t.handed = uint16(min(left, handOver))
	}
}

// writeLoop is what the writer goroutine runs.
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

// nextBuffer returns what the writer goroutine of the connection of this number is to
// write next, or nil if it is to end. The goroutine has just written n bytes, and all
// of b up to the offset from; err is the error of that Write.
func (t *sender) nextBuffer(number uint16, b *wire.Buffer, from, n int, err error) (*wire.Buffer, int) {
	t.mu.Lock()
	// There is another connection by now, or this one was given up.
	if t.number != number || !t.writing {
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

// takeChunk returns what the writer goroutine is to write next, or nil if there is
// nothing. It has written everything that it had.
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

// enqueueOwedPong enqueues the pong that is owed. It returns the length of its payload,
// or -1 if none is owed.
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

// writerEnds records that the writer goroutine is about to end.
func (t *sender) writerEnds() {
	t.writing = false
	if x := t.extra; x != nil && x.done != nil {
		close(x.done)
		x.done = nil
	}
	if t.awaited {
		t.awaited = false
		t.conn.Wake()
	}
}

// drains writes what is pending, and reports whether the writer goroutine has something
// left to write. If it has, it wakes the connection when it ends.
func (t *sender) drains() bool {
	t.mu.Lock()
	defer t.unlock()
	t.flushLocked(false)
	t.awaited = t.writing
	return t.writing
}

// wake wakes the connection, whose Reader may have returned Hold.
func (t *sender) wake() { t.conn.Wake() }

// abandon closes the connection without waiting.
func (t *sender) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn.IsSet() {
		t.conn.CloseSoon()
	}
}

// writerDone returns a channel that is closed when the writer goroutine has ended, or
// nil if there is none.
func (t *sender) writerDone() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.writing {
		return nil
	}
	x := t.makeExtras()
	x.done = make(chan struct{})
	return x.done
}

// writerTime is how long end waits for the writer goroutine to report what it has
// written. That takes so long only if a Write does not return when the connection is
// closed.
const writerTime = time.Second

// end closes the connection; nothing more can be sent on it. It waits until the writer
// goroutine has reported what it has written: the peer may have received everything and
// ended the connection before the goroutine could report that.
func (t *sender) end() {
	t.mu.Lock()
	t.broken = true
	isSet := t.conn.IsSet()
	t.mu.Unlock()
	if isSet {
		t.conn.Close()
	}
	done := t.writerDone()
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
