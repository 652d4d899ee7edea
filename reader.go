package airsocket

import (
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// A reader is the receiving half of a connection. It turns bytes into events, whatever
// their source. Only the goroutine that serves the connection uses it, except for pause,
// resume, stop, holdUp, goOn, awaitPong, pongGoes, isHeld and isReading, which any goroutine
// may call.
type reader struct {
	dec   wire.Decoder
	below *inflow       // decodes what dec is fed with; nil without such an extension
	kept  *leftover     // when the Socket was paused; nil if nothing was left
	gate  atomic.Uint32 // pausedGate and the others
	ended bool          // the peer's stream has ended, and the last events are delivered
	after uint8         // reads since the peer's close frame
	again bool          // the last reads were cut short so that others have their turn
}

// begin prepares r to read frames as cfg says, decoded by stream if it is not nil.
func (r *reader) begin(cfg *wire.Config, stream extensions.Stream) {
	r.dec.Init(cfg)
	r.below = nil
	if stream != nil {
		r.below = &inflow{stream: stream}
	}
}

// reset prepares r for another connection.
func (r *reader) reset() {
	r.gate.Store(0)
	r.kept, r.ended, r.after, r.again = nil, false, 0, false
}

// end releases all memory. The sender must have ended before, as it uses the same
// stream.
func (r *reader) end() {
	r.dec.Release()
	if r.below != nil {
		r.below.close()
		r.below = nil
	}
}

// A readInput is what a reader borrows while there are bytes to read: the bytes, the
// events that they contain, and variables that would otherwise be on the stack; see
// ARCHITECTURE.md.
type readInput struct {
	buf     [readSize]byte
	ev      wire.Event // the event that is being handled
	next    transport.Next
	err     error   // why reading is over; nil at the end of the peer's stream
	drained bool    // as far as is known, the last read has left nothing
	filled  bool    // the last read has filled its memory
	since   instant // when the first read that left something had read
	n       int     // bytes that were read, until they are counted
	ahead   ahead
	message MessageEvent
	ping    PingEvent
	pong    PongEvent
}

const readSize = 64 << 10

var readInputs = sync.Pool{New: func() any { return new(readInput) }}

// release returns in to the pool. It must not be called if a handler has ended the
// goroutine, because in then still holds decoded events.
func (in *readInput) release() {
	in.next, in.err = transport.Wait, nil
	in.ev.Data = nil // which may be a long message
	readInputs.Put(in)
}

// A leftover is what a paused Socket has received and not delivered: bytes, or a whole
// readInput if there are many of them, or decoded events.
type leftover struct {
	bytes *wire.Buffer
	in    *readInput
}

// size returns how many bytes of memory l holds. l may be nil.
func (l *leftover) size() int {
	switch {
	case l == nil:
		return 0
	case l.in == nil:
		return cap(l.bytes.B)
	}
	return readSize + l.in.ahead.size
}

// mostCopied is how many bytes are copied in order not to keep a readInput.
const mostCopied = readSize / 8

// input returns the readInput for what is read next, and whether it still holds
// something to deliver.
func (r *reader) input() (in *readInput, undelivered bool) {
	left := r.kept
	if left == nil {
		return readInputs.Get().(*readInput), false
	}
	r.kept = nil
	if in = left.in; in == nil {
		in = readInputs.Get().(*readInput)
		r.dec.Feed(append(in.buf[:0], left.bytes.B...))
		buffers.Put(left.bytes)
	}
	// n is of another connection or was noted already, and there may be more to read by now.
	in.n, in.next, in.drained, in.filled = 0, transport.Wait, false, false
	return in, true
}

// keep keeps what is left in in, some of whose events may not be delivered, until input is
// called.
//
//go:noinline
func (r *reader) keep(in *readInput) {
	if !in.ahead.waits() {
		// Otherwise there may be no room to decode what comes next.
		in.ahead.empty()
	}
	if r.below != nil || in.ahead.waits() || in.ahead.more {
		r.kept = &leftover{in: in}
		return
	}
	if b := r.dec.Detach(); b != nil { // of the last event, whose handlers have returned
		buffers.Put(b)
	}
	p := r.dec.Unread()
	if len(p) > mostCopied {
		r.dec.Feed(p)
		r.kept = &leftover{in: in}
		return
	}
	if len(p) > 0 {
		b := buffers.Get(len(p))
		b.B = append(b.B, p...)
		r.kept = &leftover{bytes: b}
	}
	in.release()
}

// read reads once. It reports whether it has read something.
//
//go:noinline
func (r *reader) read(c *transport.Conn, in *readInput) (some bool) {
	if gate := r.gate.Load(); gate&^(queuedGate|deliveringGate) != 0 && !r.mayRead(in, gate) {
		return false
	}
	p := r.space()
	direct := p != nil
	if !direct {
		p = in.buf[:]
		if r.after > 0 {
			p = p[:afterSize]
		}
	}
	n, drained, err := c.TryRead(p)
	if in.drained = drained; err != nil {
		in.ends(err)
		return false
	}
	in.n, in.filled = n, n == len(p)
	r.feed(p[:n], direct)
	return true
}

// mostAfter is how often a read is tried after the peer's close frame, whether it finds
// anything or not. A peer has nothing left to say then, but a layer below the frames may
// still have its own end to send, as TLS and deflate-stream do, for which afterSize bytes are
// enough.
const (
	mostAfter = 4
	afterSize = 4 << 10
)

// mayRead reports whether r may read although bits of the gate are set, and if not records
// why.
//
//go:noinline
func (r *reader) mayRead(in *readInput, gate uint32) bool {
	switch {
	case gate&stoppedGate != 0:
		in.next, in.err = transport.Over, net.ErrClosed
	case gate&heldGates != 0:
		in.next = transport.Hold
	case r.after == mostAfter:
		in.next = transport.Over // as if the peer had ended its stream, as it should
	default:
		r.after++
		return true
	}
	return false
}

// ends records the error of a read, which ends the reading unless there was just
// nothing to read.
//
//go:noinline
func (in *readInput) ends(err error) {
	if err == transport.ErrWouldBlock {
		return
	}
	if in.next = transport.Over; err != io.EOF {
		in.err = err
	}
}

// space returns memory into which the bytes of a long payload can be read directly, or
// nil.
func (r *reader) space() []byte {
	if r.below != nil {
		return nil
	}
	return r.dec.Space()
}

// feed passes p to the Decoder, or to the extension in front of it. direct says that p
// was read into the memory that space returned.
func (r *reader) feed(p []byte, direct bool) {
	switch {
	case direct:
		r.dec.Filled(len(p))
	case r.below != nil:
		r.below.feed(p)
	default:
		r.dec.Feed(p)
	}
}

// discard drops what r was fed with and has not been decoded.
func (r *reader) discard() {
	r.dec.Feed(nil)
	r.ignore()
}

// ignore lets the extension below the frames, if there is one, decode nothing more: the
// Decoder ignores all that follows a close frame or a broken rule, and a few bytes may be
// made many.
func (r *reader) ignore() {
	if r.below != nil {
		r.below.failed = true
	}
}

// The bits of reader.gate.
const (
	pausedGate     = 1 << iota // nothing is read until resume is called
	stoppedGate                // nothing is read any more, because this end has ended the connection
	queuedGate                 // the connection is in the Dispatcher's queue
	heldUpGate                 // nothing is read until goOn is called
	pongGate                   // nothing is read until pongGoes is called
	deliveringGate             // what was received is being delivered, or waits for the turn
	closedGate                 // the peer's close frame was received

	heldGates = pausedGate | heldUpGate | pongGate
)

// pause stops reading until resume or stop is called.
func (r *reader) pause() { r.gate.Or(pausedGate) }

// resume continues reading after pause. It reports whether it was paused.
func (r *reader) resume() (was bool) { return r.gate.And(^uint32(pausedGate))&pausedGate != 0 }

// stop ends reading for good.
func (r *reader) stop() { r.gate.Store(stoppedGate) }

// holdUp stops reading until goOn or stop is called, whatever pause and resume do.
func (r *reader) holdUp() { r.gate.Or(heldUpGate) }

// goOn continues reading after holdUp.
func (r *reader) goOn() { r.gate.And(^uint32(heldUpGate)) }

// awaitPong stops reading until pongGoes or stop is called, whatever the other methods do.
func (r *reader) awaitPong() { r.gate.Or(pongGate) }

// pongGoes continues reading after awaitPong.
func (r *reader) pongGoes() { r.gate.And(^uint32(pongGate)) }

// isHeld reports whether pause, holdUp or awaitPong has stopped reading, and stop has not
// ended it.
func (r *reader) isHeld() bool {
	gate := r.gate.Load()
	return gate&heldGates != 0 && gate&stoppedGate == 0
}

// expectEnd lets r read only a little more, because the peer's close frame was received. Only
// the goroutine that serves the connection calls it.
func (r *reader) expectEnd() {
	r.gate.Or(closedGate)
	r.ignore()
}

// delivers records that nothing is read before delivered is called. Only sockets that send
// pings need it.
func (r *reader) delivers() { r.gate.Or(deliveringGate) }

// delivered ends what delivers has begun.
func (r *reader) delivered() { r.gate.And(^uint32(deliveringGate)) }

// isReading reports whether what the peer sends now would be read at once, provided that
// delivers is called for what is delivered.
func (r *reader) isReading() bool { return r.gate.Load() == 0 }

// isStopped reports whether stop was called.
func (r *reader) isStopped() bool { return r.gate.Load()&stoppedGate != 0 }

// enqueued records that the connection is in the Dispatcher's queue, and reports whether
// it was not.
func (r *reader) enqueued() bool { return r.gate.Or(queuedGate)&queuedGate == 0 }

// dequeued records that the connection no longer waits in the Dispatcher's queue, and
// reports whether it did.
func (r *reader) dequeued() bool { return r.gate.And(^uint32(queuedGate))&queuedGate != 0 }
