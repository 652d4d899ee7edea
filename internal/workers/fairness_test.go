//go:build linux

package workers_test

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/workers"
)

// TestBusyDoNotStarveOthers checks that Tasks that always have more to do do not keep the
// workers from one that the kernel reports, however many they are, and whether they say so
// or wake themselves.
func TestBusyDoNotStarveOthers(t *testing.T) {
	for _, n := range []int{1, runtime.GOMAXPROCS(0), 20, 200} {
		for _, wakes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/wakes=%v", n, wakes), func(t *testing.T) { testBusy(t, n, wakes) })
		}
	}
}

func testBusy(t *testing.T, n int, wakes bool) {
	var over atomic.Bool
	for range n {
		s, peer := add(t, func(s *served, _ bool) {
			switch {
			case over.Load():
				s.end()
			case wakes:
				s.Wake()
			}
		})
		if !wakes {
			s.more = func() bool { return !s.gone }
		}
		s.Wake()
		for s.calls.Load() < 5 {
			runtime.Gosched()
		}
		defer func() {
			<-s.ended
			peer.Close()
		}()
	}
	defer over.Store(true)
	s, peer := add(t, func(s *served, _ bool) {
		var p [1]byte
		if !drain(s.fd, p[:], func(b []byte) { writeAll(s, b) }) {
			s.end()
		}
	})
	for range 20 {
		peer.Write([]byte{1})
		if _, err := peer.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	peer.Close()
	<-s.ended
}

// TestNewEventsComeFirst checks that a Task that the kernel reports is called before Tasks that
// have had their turn and have more to do, but for those whose calls run already, also if the
// kernel reports something new for these all the time, or they are woken.
func TestNewEventsComeFirst(t *testing.T) {
	t.Run("silent", func(t *testing.T) { testNewEventsComeFirst(t, func(*served, net.Conn) {}) })
	t.Run("reported", func(t *testing.T) {
		testNewEventsComeFirst(t, func(s *served, peer net.Conn) {
			report(s, peer)
		})
	})
	t.Run("woken", func(t *testing.T) {
		testNewEventsComeFirst(t, func(s *served, _ net.Conn) {
			go s.Wake()
		})
	})
}

// report makes the kernel report s.
func report(s *served, peer net.Conn) {
	syscall.Read(s.fd, make([]byte, 1))
	peer.Write([]byte{1})
}

// testNewEventsComeFirst has busy Tasks each call of which calls meanwhile.
func testNewEventsComeFirst(t *testing.T, meanwhile func(s *served, peer net.Conn)) {
	const busy, rounds = 100, 51
	var over atomic.Bool
	var calls atomic.Int64 // of the busy ones
	for range busy {
		peers := make(chan net.Conn, 1)
		var peer net.Conn
		s, p := add(t, func(s *served, _ bool) {
			if peer == nil {
				peer = <-peers
			}
			if calls.Add(1); over.Load() {
				s.end()
				return
			}
			meanwhile(s, peer)
			for began := time.Now(); time.Since(began) < 50*time.Microsecond; {
				// Much shorter calls would count what the system takes to let a worker run.
			}
		})
		s.more = func() bool { return !s.gone }
		peers <- p
		s.Wake()
		defer func() {
			<-s.ended
			p.Close()
		}()
	}
	defer over.Store(true)
	var called atomic.Int64
	s, peer := add(t, func(s *served, _ bool) {
		called.Store(calls.Load())
		var p [1]byte
		if !drain(s.fd, p[:], func(b []byte) { writeAll(s, b) }) {
			s.end()
		}
	})
	var before []int64 // calls of busy ones before the Task was called, in each round
	for range rounds {
		peer.Write([]byte{1})
		since := calls.Load()
		if _, err := peer.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		before = append(before, called.Load()-since)
	}
	peer.Close()
	<-s.ended
	// The system may stop the worker that has taken the event for a while, so not each
	// round is alike.
	slices.Sort(before)
	if middle := before[rounds/2]; middle > busy/4 {
		t.Errorf("%d calls of busy Tasks come first, at most %d and at least %d", middle, before[rounds-1], before[0])
	}
}

// TestNewEventsDoNotStarveTheBusy checks that a Task that has more to do goes on, although
// there are always others for which there is something new.
func TestNewEventsDoNotStarveTheBusy(t *testing.T) {
	const pairs = 100
	var over atomic.Bool
	var all []*served
	var peers []net.Conn
	for range 2 * pairs {
		s, peer := add(t, func(*served, bool) {})
		all, peers = append(all, s), append(peers, peer)
	}
	var others atomic.Int64 // calls
	for i, s := range all { // each of a pair wakes the other one
		other := all[i^1]
		s.in = func(s *served, _ bool) {
			others.Add(1)
			if other.Wake(); over.Load() {
				s.end()
			}
		}
	}
	for i := 0; i < len(all); i += 2 {
		all[i].Wake()
	}
	busy, peer := add(t, func(s *served, _ bool) {
		if over.Load() {
			s.end()
		}
	})
	busy.more = func() bool { return !busy.gone }
	before := others.Load()
	busy.Wake()
	const calls = 100
	for busy.calls.Load() < calls && others.Load()-before < 2000*calls {
		runtime.Gosched()
	}
	if n := busy.calls.Load(); n < calls {
		t.Errorf("%d calls of the busy Task in %d of the others", n, others.Load()-before)
	}
	over.Store(true)
	for i, s := range append(all, busy) {
		s.Wake()
		<-s.ended
		append(peers, peer)[i].Close()
	}
}

// TestEventsOfTheBusyAreFew checks that a Task that has more to do, in both directions, and is
// reported by the kernel all the time has one event at most for each reason.
func TestEventsOfTheBusyAreFew(t *testing.T) {
	const busy = 10
	var over atomic.Bool
	var calls atomic.Int64
	for range busy {
		peers := make(chan net.Conn, 1)
		var peer net.Conn
		s, p := addBoth(t, func(s *served, _ bool) {
			if peer == nil {
				peer = <-peers
				s.WantOut()
			}
			if calls.Add(1); over.Load() {
				s.end()
				return
			}
			report(s, peer)
		}, func(*served) {})
		s.more = func() bool { return !over.Load() }
		s.outMore = true
		peers <- p
		s.Wake()
		defer func() {
			s.Wake()
			<-s.ended
			p.Close()
		}()
	}
	defer over.Store(true)
	for calls.Load() < 1000*busy {
		if n := workers.Count().Ready; n > 20*busy {
			t.Fatalf("%d events wait for %d Tasks after %d calls", n, busy, calls.Load())
		}
		runtime.Gosched()
	}
}
