//go:build linux

package workers_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
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
		for s.calls.Load() < 100 {
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
