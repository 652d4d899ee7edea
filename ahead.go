package airsocket

import (
	"runtime"
	"sync"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A few bytes from the wire can cost a lot: 16 KiB inflate to 16 MiB. So what
// extensions decode, and hixie's text, which is repaired, is decoded ahead of the
// turn that delivers it: the other sockets of the Dispatcher need not wait for it.
// And it is decoded by no more goroutines at a time than there are processors,
// each of which waits with a long result until its turn has begun: others wait
// with what they have read.

// ahead is events that were decoded ahead of their turn.
type ahead struct {
	events []wire.Event
	next   int            // of events, to be handled
	memory []*wire.Buffer // that the events are views of
	size   int            // of memory, in bytes
	long   bool           // there is a message longer than longMessage
}

const (
	aheadSize   = 64 << 10 // bytes of memory, and one message more
	aheadEvents = 256
	longMessage = 64 << 10 // from which on a message keeps the permission to decode
)

// fitted is data, which is in b, in memory that is not much larger. What comes out
// of an extension has room for much more than most messages need.
func fitted(b *wire.Buffer, data []byte) (*wire.Buffer, []byte) {
	if cap(b.B) < 16<<10 || len(data) > cap(b.B)/4 {
		return b, data
	}
	to := buffers.Get(len(data))
	to.B = append(to.B, data...)
	buffers.Put(b)
	return to, to.B
}

// decodesAhead reports whether what is received is decoded ahead of turns.
func decodesAhead(cfg *wire.Config, stream extensions.Stream) bool {
	return stream != nil || len(cfg.Extensions) > 0 || cfg.Version < wire.Hybi06
}

// fill decodes until a has enough. below is in front of dec, unless it is nil. It
// reports whether there may be more.
func (a *ahead) fill(dec *wire.Decoder, below *inflow) (more bool) {
	for a.size < aheadSize && len(a.events) < aheadEvents {
		ev := dec.Next()
		if ev.Kind != wire.None {
			a.add(ev, dec.Detach())
			continue
		}
		if below == nil {
			return false
		}
		if len(a.events) > 0 {
			return true // which may be views of the piece that the next one replaces
		}
		some, err := below.next(dec)
		if err != nil {
			a.add(wire.Event{Kind: wire.Fail, Code: wire.ErrStreamData.Code, Err: err}, nil)
		}
		if !some {
			return false
		}
	}
	return true
}

// add adds an event, whose memory is b unless that is nil.
func (a *ahead) add(ev wire.Event, b *wire.Buffer) {
	if b != nil {
		b, ev.Data = fitted(b, ev.Data)
		a.memory = append(a.memory, b)
		a.size += cap(b.B)
		a.long = a.long || cap(b.B) > longMessage
	}
	a.events = append(a.events, ev)
}

// empty lets go of the events, which have been handled.
func (a *ahead) empty() {
	for _, b := range a.memory {
		buffers.Put(b)
	}
	clear(a.memory)
	clear(a.events)
	a.events, a.memory, a.next, a.size, a.long = a.events[:0], a.memory[:0], 0, 0, false
}

// decodingSlots are as many as there are processors.
type decodingSlots struct {
	slots  []sync.Mutex
	waitAt int // the one that was waited for last
}

// A decodingSlot is the permission to decode.
type decodingSlot struct{ held *sync.Mutex }

// take waits for the permission to decode. The lock mu guards x and is held by the
// caller; take releases it. Mutexes may be waited for in a testing/synctest bubble and
// outside of it.
func (x *decodingSlots) take(mu *sync.Mutex) decodingSlot {
	if x.slots == nil {
		x.slots = make([]sync.Mutex, runtime.GOMAXPROCS(0))
	}
	x.waitAt = (x.waitAt + 1) % len(x.slots)
	slots, mine := x.slots, &x.slots[x.waitAt]
	mu.Unlock()
	for i := range slots {
		if slots[i].TryLock() {
			return decodingSlot{&slots[i]}
		}
	}
	mine.Lock()
	return decodingSlot{mine}
}

// release gives the permission back, if it is held.
func (t *decodingSlot) release() {
	if t.held != nil {
		t.held.Unlock()
		t.held = nil
	}
}
