//go:build linux

package workers_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket/internal/workers"
)

// TestStress lets connections do at random what can go together badly: calls that block
// until their workers are detached, calls that end their goroutines, calls that leave
// something for the next one, Wake from elsewhere, WantOut, half-closes, closes, and numbers
// that are used again. All bytes must come back and nothing may be left.
func TestStress(t *testing.T) {
	idle(t, 0)
	before := descriptors(t)
	blocked := make(chan chan bool)
	stop := make(chan bool)
	go func() {
		for {
			select {
			case resume := <-blocked:
				for workers.Count().Held == 0 {
					runtime.Gosched()
				}
				close(resume)
			case <-stop:
				return
			}
		}
	}()
	var outs atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 40 {
				stressOne(t, random, blocked, &outs)
			}
		})
	}
	wg.Wait()
	close(stop)
	if outs.Load() == 0 {
		t.Error("Out was never called")
	}
	idle(t, 0)
	if after := descriptors(t); after != before {
		t.Errorf("%d open descriptors, %d before", after, before)
	}
}

func stressOne(t *testing.T, random *rand.Rand, blocked chan<- chan bool, outs *atomic.Int64) {
	mine := rand.New(rand.NewPCG(random.Uint64(), 0))
	s, peer := addBoth(t, func(s *served, hup bool) {
		s.more = nil
		switch mine.IntN(100) {
		case 0:
			resume := make(chan bool)
			blocked <- resume
			<-resume
		case 1, 2:
			s.Wake() // what is there now is for the next call
			runtime.Goexit()
		case 3, 4:
			s.WantOut()
		case 5:
			s.NoOut()
		case 6, 7, 8, 9, 10, 11:
			s.more = func() bool { return true } // what is there now is for the next call
			return
		}
		echo(s, hup)
	}, func(s *served) { outs.Add(1) })
	woken := make(chan bool)
	go func() {
		defer close(woken)
		for range 20 {
			s.Wake()
			s.OutBusy()
			runtime.Gosched()
		}
	}()
	var want bytes.Buffer
	for range random.IntN(50) {
		p := make([]byte, 1+random.IntN(100))
		want.Write(p)
		if _, err := peer.Write(p); err != nil {
			t.Error(err)
		}
		if random.IntN(4) == 0 {
			readAll(t, peer, &want)
		}
	}
	if random.IntN(2) == 0 {
		peer.(*net.UnixConn).CloseWrite()
		if p, err := io.ReadAll(peer); err != nil || len(p) != want.Len() {
			t.Errorf("read %d of %d bytes before the end: %v", len(p), want.Len(), err)
		}
	} else {
		readAll(t, peer, &want)
	}
	peer.Close()
	<-s.ended
	<-woken
}

// readAll reads as many bytes as were written and not read.
func readAll(t *testing.T, peer net.Conn, want *bytes.Buffer) {
	if _, err := io.ReadFull(peer, want.Bytes()); err != nil {
		t.Error(err)
	}
	want.Reset()
}

// descriptors returns the number of open descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
