package airsocket

import (
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// A reader is the receiving half of a connection. It turns bytes into events, whatever
// their source. Only the goroutine that serves the connection uses it, except for its
// gate, which any goroutine may use.
type reader struct {
	dec   wire.Decoder
	below *inflow              // decodes what dec is fed with; nil without such an extension
	gate  atomic.Pointer[gate] // nil if it has never been needed
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
func (r *reader) reset() { r.gate.Store(nil) }

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
	over    bool       // reading is over
	err     error      // why; nil at the end of the peer's stream
	drained bool       // as far as is known, the last read has left nothing
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
	in.over, in.err = false, nil
	readInputs.Put(in)
}

// read reads once, after waiting while r is paused. It reports whether it has read
// something.
//
//go:noinline
func (r *reader) read(c *transport.Conn, in *readInput) (some bool) {
	if in.over {
		return false
	}
	if g := r.gate.Load(); g != nil && !g.pass() {
		in.over, in.err = true, net.ErrClosed
		return false
	}
	p := r.space()
	direct := p != nil
	if !direct {
		p = in.buf[:]
	}
	n, drained, err := c.TryRead(p)
	if in.drained = drained; err != nil {
		in.ends(err)
		return false
	}
	r.feed(p[:n], direct)
	return true
}

// ends records the error of a read, which ends the reading unless there was just
// nothing to read.
//
//go:noinline
func (in *readInput) ends(err error) {
	if err == transport.ErrWouldBlock {
		return
	}
	if in.over = true; err != io.EOF {
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
	if r.below != nil {
		r.below.failed = true
	}
}

// A gate makes a reader wait while the Socket is paused, and stops it for good when
// this end has ended the connection.
type gate struct {
	mu      sync.Mutex
	stopped bool
	opened  chan struct{} // closed when the gate opens; nil while it is open
}

// withGate returns the gate, which it creates if there is none.
func (r *reader) withGate() *gate {
	r.gate.CompareAndSwap(nil, new(gate))
	return r.gate.Load()
}

// pause stops reading until resume or stop is called.
func (r *reader) pause() {
	g := r.withGate()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil && !g.stopped {
		g.opened = make(chan struct{})
	}
}

// resume continues reading after pause.
func (r *reader) resume() {
	if g := r.gate.Load(); g != nil {
		g.open(false)
	}
}

// stop ends reading for good.
func (r *reader) stop() { r.withGate().open(true) }

// open opens the gate. If stop is true nothing is read after that.
func (g *gate) open(stop bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = g.stopped || stop
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// isPaused reports whether pause was called, and nothing has undone it.
func (r *reader) isPaused() bool {
	paused, _ := r.gate.Load().state()
	return paused
}

// isStopped reports whether stop was called.
func (r *reader) isStopped() bool {
	_, stopped := r.gate.Load().state()
	return stopped
}

// state may be called for a gate that is nil.
func (g *gate) state() (paused, stopped bool) {
	if g == nil {
		return false, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened != nil, g.stopped
}

// waitResumed waits while r is paused. The caller must not hold the turn.
func (r *reader) waitResumed() {
	if g := r.gate.Load(); g != nil {
		g.pass()
	}
}

// pass waits until the gate is open. It reports false if nothing more is to be read.
func (g *gate) pass() bool {
	g.mu.Lock()
	opened, stopped := g.opened, g.stopped
	g.mu.Unlock()
	if opened == nil {
		return !stopped
	}
	<-opened
	return g.pass()
}
