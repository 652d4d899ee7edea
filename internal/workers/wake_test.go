//go:build linux

package workers_test

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/workers"
)

// TestWakeDuringAdd checks that a Wake that comes while the Task is being added does not
// make the later ones ineffective.
func TestWakeDuringAdd(t *testing.T) {
	woken := make(chan struct{}, 1)
	other, peer := add(t, func(s *served, hup bool) {
		if hup {
			s.end()
			return
		}
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	defer peer.Close()
	low, peer2 := pair(t)
	defer peer2.Close()

	above, adding, release := workers.HoldGrowth()
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(low), syscall.F_DUPFD_CLOEXEC, uintptr(above))
	syscall.Close(low)
	if errno != 0 {
		release()
		t.Skip("the process may not have a descriptor with a number so high: ", errno)
	}
	ins := make(chan struct{}, 1)
	s := &served{fd: int(n), t: t, ended: make(chan struct{})}
	s.in = func(s *served, hup bool) {
		if hup {
			s.end()
			return
		}
		select {
		case ins <- struct{}{}:
		default:
		}
	}
	added := make(chan error)
	go func() { added <- s.Add(s.fd, s) }()
	for !adding() {
		runtime.Gosched()
	}
	for range 100 {
		s.Wake()
		other.Wake()
		<-woken // the event of s has been served too
	}
	release()
	if err := <-added; err != nil {
		t.Fatal(err)
	}
	s.Wake()
	<-ins
	peer2.Close()
	<-s.ended
	peer.Close()
	<-other.ended
}
