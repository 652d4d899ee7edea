//go:build linux

package workers

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// A Server is called by workers. In and Out are each called by one goroutine at a time,
// but In and Out of the same Server may run at the same time. Events are edge-triggered:
// In reads until nothing is left, and Out writes until there is no more room, unless they
// return true for more. Then they are called again when others that are ready have had their
// turn, so that a Server with much to do does not hold up others.
type Server interface {
	// In is called when there is something to read, and after Wake. hup reports whether
	// the peer has ended its direction or the connection (EPOLLRDHUP, EPOLLHUP or
	// EPOLLERR), or has sent urgent data of TCP (EPOLLPRI), at which a read stops although
	// more follows. Once true, it is true in all later calls. A read that returns less
	// than it had room for does not show what follows, so In must not stop there if hup is
	// true.
	In(hup bool) (more bool)

	// Out is called after WantOut, when there may be room to write.
	Out() (more bool)
}

// A Task is the registration of a descriptor. The zero Task is not registered. A Task
// must not be copied.
type Task struct {
	server Server
	state  atomic.Uint64 // generation<<32 | bits
	fd     atomic.Int32
}

// The bits of a Task's state. Together with the generation they change in one step, so
// that an event of an earlier registration changes nothing in a later one.
const (
	registered uint64 = 1 << iota
	hungUp            // an event has said more than that there is data: hup of In
	wantsOut          // WantOut was called after NoOut
	woken             // an event of Wake is on its way, so another one is not needed
	inBusy            // a worker calls In
	inAgain           // In has to be called again
	inPutOff          // the event with which In goes on is in later, so no other one is needed
	outBusy           // as for In
	outAgain
	outPutOff
)

// A lane is one of the two calls of a Server, named by its busy bit.
type lane uint64

const (
	in  = lane(inBusy)
	out = lane(outBusy)
)

func (l lane) busy() uint64   { return uint64(l) }
func (l lane) again() uint64  { return uint64(l) << 1 }
func (l lane) putOff() uint64 { return uint64(l) << 2 }

// needs returns the bits without which the lane is not called.
func (l lane) needs() uint64 {
	if l == out {
		return registered | wantsOut
	}
	return registered
}

const (
	always = syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLPRI | syscall.EPOLLET&0xffffffff
	hup    = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR | syscall.EPOLLPRI
)

// Add registers fd. From now on workers call s. If fd is readable already, In is called.
// The errors are those of epoll_create1, eventfd2 and epoll_ctl. The first Add of the
// process must be called outside of bubbles of testing/synctest, because it starts
// goroutines.
//
// A Task that has been removed may be added again, even from In. If its Out may still be
// running, s has to be the same Server as before.
func (t *Task) Add(fd int, s Server) error {
	_, err := t.add(fd, s, false)
	return err
}

// AddNow is like Add, but also calls In at once, in a goroutine of its own. This costs
// less than Add and Wake. It must be called outside of bubbles of testing/synctest.
func (t *Task) AddNow(fd int, s Server) error {
	free, err := t.add(fd, s, true)
	if err == nil && free {
		go process.serveFirst(t)
	}
	return err
}

// add is Add. If now is true, the caller has the lane in afterwards if that was free, and
// otherwise In is called again by whoever has the lane.
func (t *Task) add(fd int, s Server, now bool) (free bool, err error) {
	if fd < 0 {
		return false, fmt.Errorf("workers: Add of the descriptor %d: %w", fd, syscall.EBADF)
	}
	if err := process.start(); err != nil {
		return false, err
	}
	old := t.state.Load()
	if old&registered != 0 {
		return false, fmt.Errorf("workers: Add of a Task that is registered; call Remove first: %w", syscall.EEXIST)
	}
	// Between beginning a call of Out and making it, a worker reads t.server.
	if t.server != s {
		if old&outBusy != 0 {
			return false, fmt.Errorf("workers: Add with another Server while Out of the last one runs: %w", syscall.EBUSY)
		}
		t.server = s
	}
	mu := process.tasks.lock(fd)
	defer mu.Unlock()
	t.fd.Store(int32(fd))
	gen := process.tasks.generation()
	// Before the first event can come, which may be one of Wake: that of an event that
	// finds no Task would be the last.
	before := process.tasks.put(fd, t)
	for {
		// A worker that has not come back from the call in which the Task was removed
		// keeps its lane, and serves it for the new registration as well.
		s := t.state.Load()
		n := uint64(gen)<<32 | registered | s&(inBusy|outBusy)
		switch free = now && s&inBusy == 0; {
		case free:
			n |= inBusy
		case now:
			n |= inAgain
		}
		if t.state.CompareAndSwap(s, n) {
			break
		}
	}
	if err := process.poller.control(syscall.EPOLL_CTL_ADD, fd, always, gen); err != nil {
		t.unregister()
		if free {
			t.state.And(^inBusy)
		}
		process.tasks.put(fd, before)
		return false, err
	}
	return free, nil
}

// Remove ends the registration. It must be called by In, or if In cannot be running, or
// the Task must not be added again. When it returns, no call of In or Out begins any more,
// and events that are on their way are dropped, even if the number of the descriptor is
// used again. A call of Out may still be running; see OutBusy. The descriptor must still be
// open, and is closed by the caller.
func (t *Task) Remove() {
	fd, _, mu := t.lock()
	if mu == nil {
		return
	}
	defer mu.Unlock()
	t.unregister()
	process.tasks.put(fd, nil)
	// Closing is not enough: a duplicate of the descriptor, such as in a child process,
	// would keep the registration alive.
	process.poller.control(syscall.EPOLL_CTL_DEL, fd, 0, 0)
}

// lock locks the registration, so that it does not end before it is unlocked. It returns
// no mutex if t is not registered.
func (t *Task) lock() (fd int, gen uint32, mu *sync.Mutex) {
	for {
		fd = int(t.fd.Load())
		mu = process.tasks.lock(fd)
		s := t.state.Load()
		if s&registered == 0 {
			mu.Unlock()
			return 0, 0, nil
		}
		// Add sets fd before the state. So this is the registration of fd, or if t was
		// added again meanwhile, fd is not the same any more.
		if int(t.fd.Load()) == fd {
			return fd, uint32(s >> 32), mu
		}
		mu.Unlock()
	}
}

// unregister clears the state, but for the lanes that are in use.
func (t *Task) unregister() { t.state.And(inBusy | outBusy) }

// Wake makes a worker call In soon, or again if In is running. It may be called by any
// goroutine, also in bubbles of testing/synctest, and has no effect if t is not
// registered. What happened before Wake has happened before that call of In.
func (t *Task) Wake() {
	for {
		s := t.state.Load()
		if s&registered == 0 {
			return
		}
		n := s | woken
		if s&inBusy != 0 {
			// It is too late for the call that is running, but the worker cannot leave
			// without having seen the bit.
			n = s | inAgain
		}
		// Even if the bit is set already, the swap is needed: it orders what the caller
		// did before that call of In.
		if !t.state.CompareAndSwap(s, n) {
			continue
		}
		if s&(inBusy|woken) == 0 {
			process.push(&process.ready, event(wakeEvent, t.fd.Load(), uint32(s>>32)))
		}
		return
	}
}

// WantOut makes workers call Out when there is room to write, or at once if there is
// already. It may be called by any goroutine. After Remove it returns an error for which
// errors.Is(err, net.ErrClosed) is true.
func (t *Task) WantOut() error {
	fd, gen, mu := t.lock()
	if mu == nil {
		return errRemoved
	}
	defer mu.Unlock()
	t.state.Or(wantsOut) // before the event can come
	err := process.poller.control(syscall.EPOLL_CTL_MOD, fd, always|syscall.EPOLLOUT, gen)
	if err != nil {
		t.state.And(^wantsOut)
	}
	return err
}

var errRemoved = fmt.Errorf("workers: WantOut of a Task that is not registered: %w", net.ErrClosed)

// NoOut undoes WantOut. No call of Out begins afterwards.
func (t *Task) NoOut() {
	fd, gen, mu := t.lock()
	if mu == nil {
		return
	}
	defer mu.Unlock()
	if t.state.And(^wantsOut)&wantsOut != 0 {
		// If this failed, there would be events that nobody wants, and they are dropped.
		process.poller.control(syscall.EPOLL_CTL_MOD, fd, always, gen)
	}
}

// isOf reports whether the registration of t is the one with this generation.
func (t *Task) isOf(gen uint32) bool { return uint32(t.state.Load()>>32) == gen }

// OutBusy reports whether Out is running. After Remove it does not become true again.
func (t *Task) OutBusy() bool { return t.state.Load()&outBusy != 0 }

// begin gives a lane to the caller, if t still has the generation of the event and the
// lane is free. Otherwise whoever has the lane, or the call that was put off, will see that
// there is more to do. set and clear are bits that the event changes.
func (t *Task) begin(l lane, gen uint32, set, clear uint64) bool {
	for {
		s := t.state.Load()
		if uint32(s>>32) != gen {
			return false
		}
		n := s&^clear | set
		free := false
		switch {
		case s&l.needs() != l.needs(): // and what the event changes is changed all the same
		case n&l.putOff() != 0:
		case s&l.busy() != 0:
			n |= l.again()
		default:
			n |= l.busy()
			free = true
		}
		if t.state.CompareAndSwap(s, n) {
			return free
		}
	}
}

// finish ends a call. If there was an event meanwhile, the caller keeps the lane, and
// finish returns true. The lane is left only by a swap that sees all earlier events, and
// later ones find it free.
func (t *Task) finish(l lane) (again bool) {
	for {
		s := t.state.Load()
		n := s &^ l.again()
		again = n != s && s&l.needs() == l.needs()
		if !again {
			n &^= l.busy()
		}
		if t.state.CompareAndSwap(s, n) {
			return again
		}
	}
}

// leave leaves a lane, and returns the event with which it goes on.
func (t *Task) leave(l lane) syscall.EpollEvent {
	// The returned event also makes up for those that came since the call began.
	s := t.state.And(^(l.busy() | l.again()))
	if l == out {
		return event(syscall.EPOLLOUT, t.fd.Load(), uint32(s>>32))
	}
	return event(syscall.EPOLLIN, t.fd.Load(), uint32(s>>32))
}

// leaveLater is like leave, for a lane that has had its turn. The events that come before the
// returned one begin no call: a peer that never stops has new ones all the time. It returns
// false if t was removed meanwhile.
func (t *Task) leaveLater(l lane) (ev syscall.EpollEvent, ok bool) {
	events := uint32(putOffIn)
	if l == out {
		events = putOffOut
	}
	for {
		s := t.state.Load()
		n := s &^ (l.busy() | l.again())
		if ok = s&registered != 0; ok {
			n |= l.putOff()
		}
		if t.state.CompareAndSwap(s, n) {
			return event(events, t.fd.Load(), uint32(s>>32)), ok
		}
	}
}

// call calls the Server, and reports whether there is more to do. The caller has the lane.
func (t *Task) call(l lane) (more bool) {
	if l == out {
		return t.server.Out()
	}
	return t.server.In(t.state.Load()&hungUp != 0)
}
