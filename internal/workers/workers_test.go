//go:build linux

package workers_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket/internal/workers"
)

// TestEcho checks that many connections at once get all of their bytes back.
func TestEcho(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 200 {
		s, peer := add(t, echo)
		wg.Go(func() {
			for j := range 50 {
				want := bytes.Repeat([]byte{byte(i), byte(j)}, 1+(i*j)%100)
				if _, err := peer.Write(want); err != nil {
					t.Error(err)
					return
				}
				got := make([]byte, len(want))
				if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want) {
					t.Errorf("got % x, %v", got, err)
					return
				}
			}
			peer.Close()
			<-s.ended
		})
	}
	wg.Wait()
}

// TestNoEventIsLost checks that bytes are served that arrive at any moment of a call of
// In: each byte is sent when the one before has been seen, so the call for it may be
// about to begin, running or about to end.
func TestNoEventIsLost(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		seen := make(chan int, 10)
		s, peer := add(t, func(s *served, _ bool) {
			var p [16]byte
			if !drain(s.fd, p[:], func(b []byte) { seen <- len(b) }) {
				s.end()
			}
		})
		wg.Go(func() {
			for range 5000 {
				peer.Write([]byte{1})
				if n := <-seen; n != 1 {
					t.Errorf("%d bytes at once", n)
				}
			}
			peer.Close()
			<-s.ended
		})
	}
	wg.Wait()
}

// TestHangup checks that the end of a stream is reported with data, after data, and
// when In stopped at a short read that had not seen it.
func TestHangup(t *testing.T) {
	t.Run("with data", func(t *testing.T) {
		fd, peer := pair(t)
		peer.Write([]byte("last"))
		peer.Close()
		s := &served{fd: fd, t: t, ended: make(chan struct{})}
		s.in = func(s *served, hup bool) {
			if !hup {
				t.Error("the first call does not report the end, which came before Add")
			}
			var p [16]byte
			var got []byte
			if drain(fd, p[:], func(b []byte) { got = append(got, b...) }) || string(got) != "last" {
				t.Errorf("read %q", got)
			}
			s.end()
		}
		if err := s.Add(fd, s); err != nil {
			t.Fatal(err)
		}
		<-s.ended
	})
	t.Run("while In runs", func(t *testing.T) {
		running, closed := make(chan bool), make(chan bool)
		calls := 0
		s, peer := add(t, func(s *served, hup bool) {
			var p [16]byte
			switch calls++; calls {
			case 1:
				if hup {
					t.Error("hup before the end")
				}
				syscall.Read(s.fd, p[:]) // a short read
				running <- true
				<-closed
			default:
				// The last call reports the end, even if the calls between do not.
				if hup {
					s.end()
				}
			}
		})
		peer.Write([]byte("last"))
		<-running
		peer.Close()
		closed <- true
		<-s.ended
	})
	t.Run("stays", func(t *testing.T) {
		hups := make(chan bool, 3)
		calls := 0
		s, peer := add(t, func(s *served, hup bool) {
			hups <- hup
			if calls++; calls == cap(hups) {
				s.end()
			}
		})
		peer.(*net.UnixConn).CloseWrite()
		for range 2 {
			if !<-hups {
				t.Error("no hup after the end")
			}
			s.Wake()
		}
		if !<-hups {
			t.Error("no hup in a call for Wake")
		}
		<-s.ended
		peer.Close()
	})
}

// TestWake checks that a call of In follows each Wake, from many goroutines at once.
func TestWake(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	asked, done := 0, 0
	s, peer := add(t, func(s *served, _ bool) {
		mu.Lock()
		done = asked
		mu.Unlock()
		cond.Broadcast()
		var p [16]byte
		if !drain(s.fd, p[:], func([]byte) {}) {
			s.end()
		}
	})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 1000 {
				mu.Lock()
				asked++
				n := asked
				mu.Unlock()
				s.Wake()
				mu.Lock()
				for done < n {
					cond.Wait()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	peer.Close()
	<-s.ended
	s.Wake() // has no effect
	calls := s.calls.Load()
	s2, peer2 := add(t, func(s *served, _ bool) { s.end() })
	s2.Wake()
	<-s2.ended
	peer2.Close()
	if now := s.calls.Load(); now != calls {
		t.Errorf("%d calls of In after Remove", now-calls)
	}
}

// TestWakeIdle checks that Wake interrupts a leader that nobody else would, however often.
func TestWakeIdle(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	calls := make(chan bool)
	s, peer := add(t, func(s *served, hup bool) {
		if hup {
			s.end()
			return
		}
		calls <- true
	})
	idle(t, 0)
	for range 1000 {
		s.Wake()
		<-calls
	}
	peer.Close()
	<-s.ended
}

// TestWakeWhileRunning checks that In is called again if Wake comes while it runs, and
// that it can wake itself.
func TestWakeWhileRunning(t *testing.T) {
	calls := 0
	running, woken := make(chan bool), make(chan bool)
	s, peer := add(t, func(s *served, _ bool) {
		switch calls++; {
		case calls == 1:
			running <- true
			<-woken
		case calls < 100:
			s.Wake() // more often than a lane may be called in a row
		default:
			s.end()
		}
	})
	s.Wake()
	<-running
	s.Wake()
	woken <- true
	<-s.ended
	peer.Close()
}

// TestBubble checks Wake in a bubble of testing/synctest: the worker does not belong to
// the bubble, and the process survives.
func TestBubble(t *testing.T) {
	inside := make(chan bool, 2000)
	s, peer := add(t, func(s *served, hup bool) {
		if hup {
			s.end()
			return
		}
		inside <- true
	})
	synctest.Test(t, func(t *testing.T) {
		for range 1000 {
			s.Wake()
			<-inside
		}
	})
	s.Wake()
	<-inside
	peer.Close()
	<-s.ended
}

// TestOut checks that Out is called when there is room again, at once if there is
// already, and not before WantOut or after NoOut.
func TestOut(t *testing.T) {
	outs := make(chan bool, 100)
	s, peer := add(t, func(s *served, _ bool) {
		var p [16]byte
		if !drain(s.fd, p[:], func([]byte) {}) {
			s.end()
		}
	})
	s.out = func(s *served) { outs <- true }
	sent := 0
	p := make([]byte, 1<<14)
	for {
		n, err := syscall.Write(s.fd, p)
		if err == syscall.EAGAIN {
			break
		}
		sent += n
	}
	if err := s.WantOut(); err != nil {
		t.Fatal(err)
	}
	peer.Write([]byte("x")) // an event without room
	if len(outs) != 0 {
		t.Error("Out was called without room")
	}
	io.CopyN(io.Discard, peer, int64(sent))
	<-outs
	s.NoOut()
	for len(outs) > 0 {
		<-outs
	}
	if err := s.WantOut(); err != nil {
		t.Fatal(err)
	}
	<-outs
	s.NoOut()
	for len(outs) > 0 {
		<-outs
	}
	// An end of both directions concerns Out too, but nobody wants to know.
	peer.Close()
	<-s.ended
	if err := s.WantOut(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WantOut after Remove: %v", err)
	}
	if len(outs) != 0 {
		t.Error("Out was called after NoOut")
	}
}

// TestOutBesideIn checks that Out runs while In waits for it, whatever event comes first.
func TestOutBesideIn(t *testing.T) {
	for range 50 {
		room := make(chan bool)
		s, peer := add(t, func(s *served, _ bool) {
			<-room
			s.end()
		})
		s.out = func(s *served) {
			if !s.OutBusy() {
				t.Error("OutBusy is false in Out")
			}
			s.NoOut()
			room <- true
		}
		if s.OutBusy() {
			t.Error("OutBusy is true before Out")
		}
		// The reports for both directions may come in the same event.
		peer.Write([]byte("x"))
		if err := s.WantOut(); err != nil {
			t.Fatal(err)
		}
		<-s.ended
		peer.Close()
	}
}

// TestAddAgain checks that a Task can be added again, after In has returned, in In, and
// that descriptors that cannot be registered are refused.
func TestAddAgain(t *testing.T) {
	s, peer := add(t, echo)
	if err := s.Add(s.fd, s); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("Add of a Task that is registered: %v", err)
	}
	peer.Close()
	<-s.ended
	for range 100 {
		fd, peer := pair(t)
		s.fd, s.gone, s.ended = fd, false, make(chan struct{})
		if err := s.Add(fd, s); err != nil {
			t.Fatal(err)
		}
		peer.Write([]byte("x"))
		io.ReadFull(peer, make([]byte, 1))
		peer.Close()
		<-s.ended
	}

	fd2, peer2 := pair(t)
	peer2.Write([]byte("x"))
	other, otherPeer := add(t, echo)
	s, peer = add(t, func(s *served, _ bool) {
		s.Remove()
		syscall.Close(s.fd)
		s.fd, s.in = fd2, echo
		if err := s.Add(fd2, s); err != nil {
			t.Error(err)
		}
		// The event of fd2 is taken before this one, and must not begin a second call.
		otherPeer.Write([]byte("x"))
		io.ReadFull(otherPeer, make([]byte, 1))
		otherPeer.Close()
		<-other.ended
	})
	peer.Write([]byte("x"))
	io.ReadFull(peer2, make([]byte, 1))
	peer.Close()
	peer2.Close()
	<-s.ended

	var task workers.Task
	if err := task.Add(-1, s); !errors.Is(err, syscall.EBADF) {
		t.Errorf("Add of -1: %v", err)
	}
	if err := task.Add(1<<20-1, s); !errors.Is(err, syscall.EBADF) {
		t.Errorf("Add of a descriptor that is not open: %v", err)
	}
	task.Remove()
	task.Wake()
}
