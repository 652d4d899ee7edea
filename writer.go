package airsocket

import (
	"math"

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
// unwritten bytes that are neither pending nor left to the writer.
func (t *sender) fail(err error, unsent int) {
	t.broken, t.failing = true, true
	t.makeExtras().cause = err
	t.giveUp(unsent)
}

// giveUp discards what has not been written, and counts it as lost. more is the number
// of further unwritten bytes that the caller has.
func (t *sender) giveUp(more int) {
	t.inflight += more
	if p := t.extras().payloads; p != nil {
		p.lose(t.held())
	}
	if n := t.unsentLocked(); n > 0 {
		t.makeExtras().lost = n
	}
	if t.closeLen > 0 && t.held() > 0 {
		t.closeOut = true // it is at the end of what was not written
	}
	t.writing, t.data, t.inflight, t.handed, t.spare, t.closeLen = false, false, 0, 0, 0, 0
	t.recount()
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

// stashPending leaves what is pending to the writer. Since it may have to
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

// stash leaves a copy of p to the writer, in buffers that it fills. A long p
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

// startWriter starts a writer, which begins with b from the offset from.
func (t *sender) startWriter(b *wire.Buffer, from int) {
	t.inflight = len(b.B) - from
	t.runWriter(b, from)
}

// runWriter is startWriter for bytes that inflight already counts.
func (t *sender) runWriter(b *wire.Buffer, from int) {
	t.writing = true
	t.owner.writes()
	t.noteHanded(len(b.B) - from)
	t.noteSpare(b, from)
	t.recount()
	t.conn.WriteLater(&writer{t: t, number: t.number, piecewise: !t.conn.CanTry(), b: b, from: from})
}

// noteHanded sets handed for a Write of a buffer with left bytes to write, or for no
// Write if left is 0.
func (t *sender) noteHanded(left int) {
	if !t.conn.CanTry() {
		t.handed = uint16(min(left, handOver))
	}
}

// noteSpare sets spare for b, which the writer writes from the offset from.
func (t *sender) noteSpare(b *wire.Buffer, from int) {
	t.spare = 0
	if !b.Shared {
		t.spare = uint16(min((cap(b.B)-len(b.B)+from)>>10, math.MaxUint16))
	}
}

// A writer is the transport.Source of what a sender could not write at once.
type writer struct {
	t         *sender
	number    uint16 // of the connection
	piecewise bool   // handOver applies
	b         *wire.Buffer
	from      int // what of b was written
	drained   bool
}

// Next returns what is to be written next, or nil if there is nothing, there is another
// connection by now, or this one was given up.
func (w *writer) Next(n int, err error) []byte {
	w.from += n
	pong := w.t.wrote(w, n, err)
	if pong >= 0 {
		w.t.owner.sentLater(wire.Pong, pong)
	}
	if w.b == nil {
		return nil
	}
	p := w.b.B[w.from:]
	if w.piecewise {
		p = p[:min(len(p), handOver)]
	}
	return p
}

// Finished tells the owner if everything was written.
func (w *writer) Finished() {
	if w.drained {
		w.t.owner.drained()
	}
}

// wrote records that w has written n bytes, and err if that has failed, and sets what it
// is to write next. It returns the length of the payload of a pong that is sent with it,
// or -1.
func (t *sender) wrote(w *writer, n int, err error) (pong int) {
	t.mu.Lock()
	defer t.unlock()
	b, from := w.b, w.from
	w.b, w.from = nil, 0
	if t.number != w.number || !t.writing {
		buffers.Put(b)
		return -1
	}
	t.inflight -= n
	if n > 0 {
		t.owner.writes()
	}
	t.noteHanded(0)
	if err != nil || t.broken {
		buffers.Put(b)
		t.writerEnds()
		if !t.broken {
			t.fail(err, 0)
		}
		return -1
	}
	pong = -1
	if from == len(b.B) {
		buffers.Put(b)
		pong = t.enqueueOwedPong()
		b, from = t.takeChunk(), 0
	}
	if b != nil {
		t.noteHanded(len(b.B) - from)
		t.noteSpare(b, from)
	} else {
		t.data = false
		t.spare = 0
		t.writerEnds()
		t.shutdownIfDone()
		w.drained = true
	}
	t.recount()
	w.b, w.from = b, from
	return pong
}

// recount tells the owner how much memory waits for the writer: buffers count as a whole, so
// that a peer cannot have many of them kept for a few bytes each. What is written at the end
// of the turn does not wait.
func (t *sender) recount() {
	n := 0
	if t.writing {
		n = t.inflight + int(t.spare)<<10
		if chunks := t.extras().chunks; len(chunks) > 0 {
			last := chunks[len(chunks)-1].B // all others are full
			n += cap(last) - len(last)
		}
		if t.pending != nil {
			n += cap(t.pending.B)
		}
	}
	t.owner.waits(n)
}

// forsake discards what has not been written, and lets nothing more be sent.
func (t *sender) forsake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken = true
	t.giveUp(0)
}

// takeChunk returns what the writer is to write next, or nil if there is
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
	if t.extra.owed >= mostOwed {
		t.owner.pongWaits(false)
		t.conn.Wake()
	}
	t.extra.owed = 0
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

// progress reports whether there is a writer, and how many bytes the system has for the
// peer, if that is known.
func (t *sender) progress() (unsent int, known, writing bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.writing || t.broken {
		return 0, false, false
	}
	unsent, known = t.conn.Unsent()
	return unsent, known, true
}

// writerEnds records that the writer has nothing left to write.
func (t *sender) writerEnds() {
	t.writing = false
	t.recount()
	if t.awaited {
		t.awaited = false
		t.conn.Wake()
	}
}

// drains writes what is pending, and reports whether the writer has something
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

// abandoning returns a function that calls abandon as long as the connections are those of
// the same start of the Socket.
func (t *sender) abandoning() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	number := t.number
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.number == number && t.conn.IsSet() {
			t.conn.CloseSoon()
		}
	}
}

// end closes the connection; nothing more can be sent on it.
func (t *sender) end() {
	t.mu.Lock()
	t.broken = true
	isSet := t.conn.IsSet()
	t.mu.Unlock()
	if isSet {
		t.conn.Close()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveUp(0)
	if x := t.extra; x != nil && x.stream != nil {
		x.stream = nil
	}
}
