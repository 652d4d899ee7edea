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

// A reader is the receiving half of a connection: it makes events of the bytes that
// come, from wherever they come. Only the goroutine that serves the connection uses it,
// except for its gate.
type reader struct {
	dec   wire.Decoder
	below *inflow              // in front of dec; nil for none
	gate  atomic.Pointer[gate] // nil: it is open
}

// begin makes r read what has been agreed on, through stream if it is not nil.
func (r *reader) begin(cfg *wire.Config, stream extensions.Stream) {
	r.dec.Init(cfg)
	r.below = nil
	if stream != nil {
		r.below = &inflow{stream: stream}
	}
}

// reset forgets the connection before.
func (r *reader) reset() { r.gate.Store(nil) }

// end releases all memory. The sender has ended before.
func (r *reader) end() {
	r.dec.Release()
	if r.below != nil {
		r.below.close()
		r.below = nil
	}
}

// A readInput is what a reader borrows while there are bytes to read: the bytes, the
// events that are made of them, and what would else be on its stack.
type readInput struct {
	buf     [readSize]byte
	ev      wire.Event // that is being handled
	over    bool       // nothing more is to be read
	err     error      // why, unless the peer's stream has ended
	drained bool       // the last read has left nothing, as far as is known
	ahead   ahead
	message MessageEvent
	ping    PingEvent
	pong    PongEvent
}

const readSize = 64 << 10

var readInputs = sync.Pool{New: func() any { return new(readInput) }}

// release puts in back. It must not be called if a handler has ended the goroutine: in
// still has what was decoded then.
func (in *readInput) release() {
	in.over, in.err = false, nil
	readInputs.Put(in)
}

// read reads once. It returns true if that brought something to handle.
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

// ends takes down that a read has failed.
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

// space is where the bytes of a long payload can be read to directly.
func (r *reader) space() []byte {
	if r.below != nil {
		return nil
	}
	return r.dec.Space()
}

// feed gives the bytes in p, which may have been read to the Decoder's own memory
// directly, to the Decoder or to what is in front of it.
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

// A gate holds up a reader: while the Socket is paused, and for good when this end has
// ended the connection.
type gate struct {
	mu      sync.Mutex
	stopped bool
	opened  chan struct{} // closed when it is opened; nil: it is open
}

// withGate returns r.gate for writing.
func (r *reader) withGate() *gate {
	r.gate.CompareAndSwap(nil, new(gate))
	return r.gate.Load()
}

// pause has r read nothing from now on.
func (r *reader) pause() {
	g := r.withGate()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil && !g.stopped {
		g.opened = make(chan struct{})
	}
}

// resume undoes pause.
func (r *reader) resume() {
	if g := r.gate.Load(); g != nil {
		g.open(false)
	}
}

// stop has r read nothing any more.
func (r *reader) stop() { r.withGate().open(true) }

func (g *gate) open(stop bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = g.stopped || stop
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// isPaused reports whether the gate is shut.
func (r *reader) isPaused() bool {
	g := r.gate.Load()
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened != nil
}

// isStopped reports whether stop was called.
func (r *reader) isStopped() bool {
	g := r.gate.Load()
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped
}

// waitResumed waits while r is paused. The caller must not have the turn.
func (r *reader) waitResumed() {
	if g := r.gate.Load(); g != nil {
		g.pass()
	}
}

// pass waits until the gate is open. It returns false if reading is over.
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
