//go:build linux

package workers_test

import (
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/workers"
)

// idle waits until nothing is done any more but for the given number of calls that
// block, and checks what is left: a worker for each of these and the leader.
func idle(t *testing.T, held int) {
	t.Helper()
	slept := make(chan workers.Counts, 1)
	workers.OnIdle(func(c workers.Counts) {
		select {
		case slept <- c:
		default:
		}
	})
	defer workers.OnIdle(nil)
	for {
		// This wakes the monitor, which sleeps again soon.
		s, peer := add(t, func(s *served, _ bool) { s.end() })
		peer.Close()
		<-s.ended
		c := <-slept
		// Workers that have just served what the test waited for may not be done yet.
		if c.Held != held || c.Active != 1 {
			continue
		}
		if !c.Polling || c.Watching || c.Parked != 0 || c.Ready != 0 {
			t.Errorf("an idle process: %+v", c)
		}
		return
	}
}

// TestIdle checks that an idle process has one worker, which polls, and a monitor that
// sleeps, and that both come back.
func TestIdle(t *testing.T) {
	for range 3 {
		TestEcho(t)
		idle(t, 0)
	}
}

// TestBlocked checks that calls that block hold up nobody else, neither a few nor a
// thousand that begin at once, and that the workers end when the calls return.
func TestBlocked(t *testing.T) {
	for _, n := range []int{1, 4, 1000} {
		testBlocked(t, n, func(block <-chan bool) { <-block })
	}
}

// TestBlockedInCall is like TestBlocked for calls that keep a thread.
func TestBlockedInCall(t *testing.T) {
	testBlocked(t, 20, func(block <-chan bool) {
		var fds [2]int
		if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
			t.Error(err)
			return
		}
		go func() {
			<-block
			syscall.Close(fds[1])
		}()
		var p [1]byte
		syscall.Read(fds[0], p[:])
		syscall.Close(fds[0])
	})
}

func testBlocked(t *testing.T, n int, wait func(<-chan bool)) {
	t.Helper()
	other, otherPeer := add(t, echo)
	block, blocked := make(chan bool), make(chan bool, n)
	var all []*served
	var peers []net.Conn
	for range n {
		s, peer := add(t, func(s *served, _ bool) {
			blocked <- true
			wait(block)
			s.end()
		})
		all, peers = append(all, s), append(peers, peer)
	}
	ping := func() {
		var p [1]byte
		otherPeer.Write(p[:])
		if _, err := io.ReadFull(otherPeer, p[:]); err != nil {
			t.Error(err)
		}
	}
	for _, peer := range peers {
		peer.Write([]byte("x"))
	}
	ping() // waits forever if the calls hold up the workers
	for range n {
		<-blocked
	}
	ping()
	idle(t, n)
	close(block)
	for i, s := range all {
		<-s.ended
		peers[i].Close()
	}
	otherPeer.Close()
	<-other.ended
	idle(t, 0)
}

// TestHeldUpShare checks that what a worker has taken but not begun is served by others
// if its call blocks, while Wake, too, finds somebody.
func TestHeldUpShare(t *testing.T) {
	const n = 64
	block := make(chan bool)
	first := make(chan *served, n)
	rest := make(chan bool, n)
	var once sync.Once
	var all []*served
	var peers []net.Conn
	for range n {
		s, peer := add(t, func(s *served, _ bool) {
			isFirst := false
			once.Do(func() { isFirst = true })
			if isFirst {
				first <- s
				<-block
			} else {
				rest <- true
			}
			s.end()
		})
		all, peers = append(all, s), append(peers, peer)
	}
	for _, s := range all {
		s.Wake()
	}
	for range n - 1 {
		<-rest
	}
	<-first
	close(block)
	for i, s := range all {
		<-s.ended
		peers[i].Close()
	}
	idle(t, 0)
}

// TestGoexit checks that a call may end its goroutine: the lane is served again, also for
// what came meanwhile, and neither a worker nor an event is lost.
func TestGoexit(t *testing.T) {
	for _, held := range []bool{false, true} {
		const n = 100
		var wg sync.WaitGroup
		for range n {
			calls := 0
			resume := make(chan bool)
			again := make(chan bool, 1)
			s, peer := add(t, func(s *served, _ bool) {
				calls++
				if calls <= 3 {
					if held {
						<-resume
					}
					s.Wake() // is for the next call
					runtime.Goexit()
				}
				again <- true
				var p [16]byte
				if !drain(s.fd, p[:], func([]byte) {}) {
					s.end()
				}
			})
			outs := 0
			outAgain := make(chan bool, 1)
			s.out = func(s *served) {
				if outs++; outs == 1 {
					s.WantOut() // is an event for the next call
					runtime.Goexit()
				}
				s.NoOut()
				outAgain <- true
			}
			wg.Go(func() {
				peer.Write([]byte("x"))
				if held {
					for range 3 {
						resume <- true
					}
				}
				<-again
				if err := s.WantOut(); err != nil {
					t.Error(err)
				}
				<-outAgain
				go func() {
					for range again {
					}
				}()
				peer.Close()
				<-s.ended
			})
		}
		wg.Wait()
		idle(t, 0)
	}
}

// TestGOMAXPROCS checks that one processor is enough, and that the workers follow when
// there are more and less.
func TestGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 4, 1, 3, 2} {
		runtime.GOMAXPROCS(procs)
		TestEcho(t)
		testBlocked(t, 50, func(block <-chan bool) { <-block })
		if c := workers.Count(); c.Most != procs {
			t.Errorf("with %d processors: %+v", procs, c)
		}
	}
}

// TestNoAllocation checks that events, Wake and WantOut allocate nothing.
func TestNoAllocation(t *testing.T) {
	var p [4096]byte
	outs := make(chan bool)
	fd, peer := pair(t)
	s := &served{fd: fd, t: t, ended: make(chan struct{})}
	s.in = func(s *served, _ bool) {
		for {
			n, err := syscall.Read(s.fd, p[:])
			if err != nil {
				return
			}
			if n == 0 {
				s.end()
				return
			}
			syscall.Write(s.fd, p[:n])
		}
	}
	s.out = func(s *served) {
		s.NoOut()
		outs <- true
	}
	if err := s.Add(fd, s); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n := testing.AllocsPerRun(1000, func() {
		peer.Write(b)
		io.ReadFull(peer, b)
		s.Wake()
		s.WantOut()
		<-outs
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	peer.Close()
	<-s.ended
}
