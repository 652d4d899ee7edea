package load

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// pauseMost is the longest pause that is not left to a timer.
const pauseMost = 3 * time.Millisecond

// precisePause returns a function that waits for a time below pauseMost, and one that ends
// its use. The timers of Go may be a millisecond late, because the runtime waits in
// epoll_wait, which counts in milliseconds; that would be more than many of the latencies
// that are measured. A timer descriptor wakes it in time: a pause of 300 µs takes 24 µs too
// long, and with a timer 790 µs (the median of 1500). If there is none, pause is nil.
func precisePause() (pause func(time.Duration), stop func()) {
	const monotonic = 1 // CLOCK_MONOTONIC, which package syscall does not have
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, monotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return nil, nil
	}
	f := os.NewFile(fd, "timer")
	expired := make([]byte, 8)
	return func(d time.Duration) {
		spec := struct{ every, first syscall.Timespec }{first: syscall.NsecToTimespec(int64(max(d, 1)))}
		_, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
		if errno == 0 {
			f.Read(expired)
		}
	}, func() { f.Close() }
}
