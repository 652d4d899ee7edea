//go:build linux

package workers

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A poller is an epoll instance with an eventfd, by which wait can be interrupted.
type poller struct {
	epoll, eventfd int

	// For lookAgain, of which the next calls do nothing.
	skip    int // number of these calls
	skipped int // how many there were after the last that did something

	// For park; nil until it is called.
	raw   syscall.RawConn // the epoll instance, in the poller of the runtime
	found []syscall.EpollEvent
	n     int
	ready func(uintptr) bool
}

// The Events of what does not come from the kernel.
const (
	wakeEvent = 0       // from Wake
	putOffIn  = 1 << 24 // from leaveLater; the kernel has no such events
	putOffOut = 1 << 25
)

// event returns an event as the kernel gives it. The descriptor and the generation say
// together whom it is for.
func event(events uint32, fd int32, gen uint32) syscall.EpollEvent {
	return syscall.EpollEvent{Events: events, Fd: fd, Pad: int32(gen)}
}

func (p *poller) open() error {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	fd, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		syscall.Close(epoll)
		return os.NewSyscallError("eventfd2", errno)
	}
	p.epoll, p.eventfd = epoll, int(fd)
	// Being edge-triggered, it need not be read: each write is an event.
	if err := p.control(syscall.EPOLL_CTL_ADD, p.eventfd, always, 0); err != nil {
		syscall.Close(epoll)
		syscall.Close(p.eventfd)
		return err
	}
	return nil
}

func (p *poller) control(op, fd int, events uint32, gen uint32) error {
	ev := event(events, int32(fd), gen)
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.epoll, op, fd, &ev))
}

// wait waits for events. Only one goroutine may call it at a time. procs is GOMAXPROCS.
func (p *poller) wait(events []syscall.EpollEvent, procs int) int {
	if n := p.look(events); n > 0 {
		return n
	}
	if procs == 1 {
		runtime.Gosched()
		if n := p.park(events); n > 0 {
			return n
		}
	} else {
		if n := p.lookAgain(events); n > 0 {
			return n
		}
	}
	for {
		n, err := syscall.EpollWait(p.epoll, events, -1)
		if n > 0 {
			return n
		}
		if err != nil && err != syscall.EINTR {
			// No connection could be served any more, and nobody would notice.
			panic("workers: epoll_wait: " + err.Error() + "; some code has closed a descriptor that it does not own")
		}
	}
}

// park waits in the poller of the runtime, if it can. With one processor nothing else would
// run while a system call waits, until the runtime notices that, which may take 10 ms.
func (p *poller) park(events []syscall.EpollEvent) int {
	if p.ready == nil {
		p.preparePark()
	}
	p.found, p.n = events, 0
	if p.raw != nil {
		p.raw.Read(p.ready)
	}
	return p.n
}

// preparePark passes the epoll instance to the poller of the runtime. That is not done
// before it is needed, because each event then wakes that poller too.
func (p *poller) preparePark() {
	p.ready = func(uintptr) bool {
		p.n = p.look(p.found)
		return p.n > 0
	}
	if syscall.SetNonblock(p.epoll, true) == nil {
		p.raw, _ = os.NewFile(uintptr(p.epoll), "epoll").SyscallConn()
	}
}

// mostSkipped is the largest number of calls of lookAgain in a row that do nothing.
const mostSkipped = 511

// lookAgain looks for events after it has let other threads run. Those who send often only
// wait for a processor, and then this saves a thread that sleeps and is woken for few events.
// But it makes the next events late if the others run for long. So it is done less and less
// often while it finds nothing, and more often again when it does. runtime.Gosched would
// wake idle processors of the runtime.
func (p *poller) lookAgain(events []syscall.EpollEvent) (n int) {
	if p.skip > 0 {
		p.skip--
		return 0
	}
	yield()
	if n = p.look(events); n > 0 {
		p.skipped /= 2
	} else {
		p.skipped = min(2*p.skipped+1, mostSkipped)
	}
	p.skip = p.skipped
	return n
}

// look returns the events that there are. Under load there are nearly always some, and
// asking without telling the scheduler is cheaper. The call does not wait.
func (p *poller) look(events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// yield lets another thread of the system run, if one waits for this processor.
func yield() { syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

// interrupt makes a wait that is running, or else the next one, return. It adds 1 to the
// eventfd's 64 bits, which nobody reads and which will not be full.
func (p *poller) interrupt() {
	one := uint64(1)
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(p.eventfd), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
}
