package airsocket

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A few bytes from the wire can be expensive: 16 KiB may inflate to 16 MiB. So what
// extensions decode, and the text of the hixie versions, which may need repair, is
// decoded before the turn that delivers it, and the other sockets of the Dispatcher
// need not wait for it. At most as many goroutines decode at the same time as there are
// processors, not counting those that run an extension of the program's own: only that
// knows what it needs, and while it waits for something nobody else is to wait for it. A
// goroutine with a long result keeps its decoding slot until its turn has
// begun; those that wait for a slot hold only what they have read. Parallel sockets have
// turns of their own, which begin at once unless a handler blocks. They share the slots of
// the process, and give them back before their turn, so that a handler that blocks holds
// up nobody else.

// ahead holds events that were decoded before their turn.
type ahead struct {
	events []wire.Event
	next   int            // index in events of the next one to handle
	memory []*wire.Buffer // the buffers that the events refer to
	size   int            // capacity of memory in bytes
	long   bool           // one of the buffers is longer than longMessage
	more   bool           // there may be more to decode
}

const (
	aheadSize   = 64 << 10 // bytes of memory from which on nothing more is decoded
	aheadEvents = 256
	longMessage = 64 << 10 // bytes of a buffer above which the slot is kept
)

// fitted returns data, which is in b, in a buffer that is not much larger than it. The
// buffers that extensions return have room for much more than most messages need.
func fitted(b *wire.Buffer, data []byte) (*wire.Buffer, []byte) {
	if cap(b.B) < 16<<10 || len(data) > cap(b.B)/4 {
		return b, data
	}
	to := buffers.Get(len(data))
	to.B = append(to.B, data...)
	buffers.Put(b)
	return to, to.B
}

// decodesAhead reports whether events are decoded before the turn that delivers them.
func decodesAhead(cfg *wire.Config, stream extensions.Stream) bool {
	return stream != nil || len(cfg.Extensions) > 0 || cfg.Version < wire.Hybi06
}

// decodesItself reports whether one of the chosen extensions of list is the program's own.
func decodesItself(list []extensions.Extension, chosen []extensions.Offer) bool {
	return slices.ContainsFunc(list, func(e extensions.Extension) bool {
		switch e.(type) {
		case extensions.PermessageDeflate, extensions.DeflateStream:
			return false
		}
		return slices.ContainsFunc(chosen, func(o extensions.Offer) bool { return o.Name == e.Name() })
	})
}

// waits reports whether there are events to handle.
func (a *ahead) waits() bool { return a.next < len(a.events) }

// fill decodes events until a has enough, and reports whether there may be more. If
// below is not nil, fill feeds dec from it.
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
			return true // they may refer to the piece that the next one replaces
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

// add adds an event. If b is not nil, it holds the data of the event.
func (a *ahead) add(ev wire.Event, b *wire.Buffer) {
	if b != nil {
		b, ev.Data = fitted(b, ev.Data)
		a.memory = append(a.memory, b)
		a.size += cap(b.B)
		a.long = a.long || cap(b.B) > longMessage
	}
	a.events = append(a.events, ev)
}

// empty releases the events when they have been handled.
func (a *ahead) empty() {
	for _, b := range a.memory {
		buffers.Put(b)
	}
	clear(a.memory)
	clear(a.events)
	a.events, a.memory, a.next, a.size, a.long = a.events[:0], a.memory[:0], 0, 0, false
}

// decodingSlots holds as many slots as there are processors.
type decodingSlots struct {
	slots  []sync.Mutex
	waitAt atomic.Uint32 // number of the slot that was last waited for
}

func newDecodingSlots() *decodingSlots {
	return &decodingSlots{slots: make([]sync.Mutex, runtime.GOMAXPROCS(0))}
}

// parallelDecoding has the slots of all Parallel sockets.
var parallelDecoding = newDecodingSlots()

// A decodingSlot is the permission to decode.
type decodingSlot struct{ held *sync.Mutex }

// take waits for a slot. The slots are mutexes, because a mutex may be waited for both
// inside and outside of a testing/synctest bubble.
func (x *decodingSlots) take() decodingSlot {
	for i := range x.slots {
		if x.slots[i].TryLock() {
			return decodingSlot{&x.slots[i]}
		}
	}
	mine := &x.slots[int(x.waitAt.Add(1))%len(x.slots)]
	mine.Lock()
	return decodingSlot{mine}
}

// release gives the slot back, if t has one.
func (t *decodingSlot) release() {
	if t.held != nil {
		t.held.Unlock()
		t.held = nil
	}
}
