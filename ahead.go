package airsocket

import (
	"runtime"
	"sync"

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
func (s *Socket) decodesAhead() bool {
	return len(s.cfg.Extensions) > 0 || s.cfg.Version < wire.Hybi06
}

// deliverAhead is turns for what is decoded ahead of them.
func (s *Socket) deliverAhead(in *readInput, fd int) {
	for more := true; more && !in.over; {
		slot := s.takeSlot()
		if s.flags.has(aborted) { // perhaps while it waited
			s.dec.Feed(nil)
		}
		more = in.ahead.fill(&s.dec)
		if !in.ahead.long {
			slot.release()
		}
		if len(in.ahead.events) == 0 {
			return
		}
		for s.deliverTurnAhead(in, fd, &slot) {
			s.waitPaused()
		}
		in.ahead.empty()
	}
}

// deliverTurnAhead is turn for the events in in.ahead.
func (s *Socket) deliverTurnAhead(in *readInput, fd int, slot *decodingSlot) (held bool) {
	defer s.leave(s.enter(), receiveTurn, fd)
	slot.release()
	for a := &in.ahead; a.next < len(a.events); {
		in.ev = a.events[a.next]
		a.next++
		s.handle(in)
		if s.flags.has(paused) {
			return true
		}
	}
	in.over = s.over()
	return false
}

// fill takes events from dec. It reports whether there may be more.
func (a *ahead) fill(dec *wire.Decoder) (more bool) {
	for a.size < aheadSize && len(a.events) < aheadEvents {
		ev := dec.Next()
		if ev.Kind == wire.None {
			return false
		}
		if b := dec.Detach(); b != nil {
			b, ev.Data = fitted(b, ev.Data)
			a.memory = append(a.memory, b)
			a.size += cap(b.B)
			a.long = a.long || cap(b.B) > longMessage
		}
		a.events = append(a.events, ev)
	}
	return true
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

// decodingSlot is the permission to decode.
type decodingSlot struct{ held *sync.Mutex }

// takeSlot waits for the permission to decode, which a Parallel socket does not need.
func (s *Socket) takeSlot() decodingSlot {
	if s.opts.Parallel {
		return decodingSlot{}
	}
	return s.disp.takeSlot()
}

// takeSlot waits for the permission to decode for the Dispatcher. Mutexes may be
// waited for in a testing/synctest bubble and outside of it.
func (d *Dispatcher) takeSlot() decodingSlot {
	d.mu.Lock()
	x := &d.withExtra().decoding
	if x.slots == nil {
		x.slots = make([]sync.Mutex, runtime.GOMAXPROCS(0))
	}
	x.waitAt = (x.waitAt + 1) % len(x.slots)
	slots, mine := x.slots, &x.slots[x.waitAt]
	d.mu.Unlock()
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
