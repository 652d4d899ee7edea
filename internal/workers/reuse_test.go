//go:build linux

package workers_test

import (
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/workers"
)

// TestStaleEvents checks that events of an earlier registration of the same number are
// dropped: they neither call a Server nor report the end.
func TestStaleEvents(t *testing.T) {
	calls := make(chan bool, 10)
	s, peer := add(t, func(s *served, hup bool) {
		calls <- hup
		var p [16]byte
		if !drain(s.fd, p[:], func([]byte) {}) {
			s.end()
		}
	})
	s.out = func(*served) { t.Error("Out was called for an event of an earlier registration") }
	peer.Write([]byte("x"))
	<-calls
	for _, events := range []uint32{0, syscall.EPOLLIN, syscall.EPOLLOUT, syscall.EPOLLIN | syscall.EPOLLRDHUP} {
		workers.Stale(&s.Task, events)
	}
	// Events are taken in order, so the stale ones are done, or being done, before this.
	s.Wake()
	if <-calls {
		t.Error("the end was reported for an event of an earlier registration")
	}
	peer.Close()
	<-s.ended
	idle(t, 0)
	for len(calls) > 1 {
		<-calls
	}
	// The end of both directions calls In at most twice: once for each of its causes.
	if n := s.calls.Load(); n > 4 {
		t.Errorf("%d calls of In", n)
	}
}

// TestReuse checks under load that a descriptor whose number is used again gets no event
// of the last one: each connection is closed at the first byte, while more bytes and the
// end are on their way, and the next one has nothing to read.
func TestReuse(t *testing.T) {
	var reused atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 300 {
				next := make(chan *served)
				var armed atomic.Bool
				s, peer := add(t, func(s *served, _ bool) {
					s.end()
					fd, peer := pair(t)
					if fd == s.fd {
						reused.Add(1)
					}
					silent := &served{fd: fd, t: t, ended: make(chan struct{})}
					silent.in = func(silent *served, hup bool) {
						if !armed.Load() || hup {
							t.Errorf("In(%t) was called for an event of another connection", hup)
						}
						silent.end()
						peer.Close()
					}
					if err := silent.Add(fd, silent); err != nil {
						t.Error(err)
					}
					go func() {
						next <- silent
						armed.Store(true)
						peer.Write([]byte("x"))
					}()
				})
				go func() {
					for range 20 {
						s.Wake()
					}
				}()
				for range 20 {
					if _, err := peer.Write([]byte("x")); err != nil {
						break
					}
				}
				peer.Close()
				<-(<-next).ended
			}
		})
	}
	wg.Wait()
	if reused.Load() == 0 {
		t.Error("no number was used again")
	}
}

// TestHighDescriptor checks that a descriptor may have a high number.
func TestHighDescriptor(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low, peer := pair(t)
	high := int(min(limit.Cur, 1<<20)) - 1
	if err := syscall.Dup3(low, high, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	syscall.Close(low)
	s := &served{fd: high, in: echo, t: t, ended: make(chan struct{})}
	if err := s.Add(high, s); err != nil {
		t.Fatal(err)
	}
	peer.Write([]byte("x"))
	if _, err := io.ReadFull(peer, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	peer.Close()
	<-s.ended
}

// TestAddNow checks that In is called although nothing is there to read, also if the Task
// is added again in In, and that calls of In do not overlap then.
func TestAddNow(t *testing.T) {
	for range 100 {
		calls := 0
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &served{fd: fds[0], t: t, ended: make(chan struct{})}
		s.in = func(s *served, _ bool) {
			if calls++; calls == 3 {
				s.end()
				return
			}
			s.Remove()
			if err := s.AddNow(s.fd, s); err != nil {
				t.Error(err)
			}
		}
		if err := s.AddNow(s.fd, s); err != nil {
			t.Fatal(err)
		}
		<-s.ended
		syscall.Close(fds[1])
	}
}
