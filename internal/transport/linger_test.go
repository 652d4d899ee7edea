package transport

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// halfPipe is an end of a pipe that says that its sending direction can be ended.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }

// linger has a Conn linger in a bubble of time, and the peer do something. It
// returns how long that took.
func linger(t *testing.T, half bool, peer func(net.Conn)) (took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := New(ours)
		if half {
			c = New(halfPipe{ours})
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			peer(theirs)
		}()
		start := time.Now()
		ended := make(chan struct{})
		var d Deadline
		c.GiveTime(&d)
		c.Start(&starter{c, func() Next { return c.Linger(&d, func() { close(ended) }) }}, false)
		<-ended
		took = time.Since(start)
		c.Close()
		<-done
	})
	return took
}

// A peer that goes on sending is not listened to for ever: its bytes have a limit.
func TestLingerHasALimitOfBytes(t *testing.T) {
	sent := 0
	took := linger(t, true, func(peer net.Conn) {
		for {
			n, err := peer.Write(make([]byte, 1000))
			sent += n
			if err != nil {
				return
			}
		}
	})
	if sent < lingerBytes || sent > lingerBytes+8<<10 {
		t.Errorf("%d bytes were read, want about %d", sent, lingerBytes)
	}
	if took != 0 {
		t.Errorf("it took %v", took)
	}
}

// So has its time, for a peer that says nothing.
func TestLingerHasALimitOfTime(t *testing.T) {
	if took := linger(t, true, func(peer net.Conn) { io.Copy(io.Discard, peer) }); took != lingerTime {
		t.Errorf("it took %v", took)
	}
}

// The end that the peer comes to is the end.
func TestLingerEndsWithThePeer(t *testing.T) {
	took := linger(t, true, func(peer net.Conn) {
		peer.Write([]byte("x"))
		time.Sleep(time.Second) // less than lingerTime
		peer.Close()
	})
	if took != time.Second {
		t.Errorf("it took %v", took)
	}
}

// Where one direction cannot be ended by itself, the peer would not know that there is
// an end to wait for.
func TestLingerWithoutADirection(t *testing.T) {
	if took := linger(t, false, func(peer net.Conn) { io.Copy(io.Discard, peer) }); took != 0 {
		t.Errorf("it took %v", took)
	}
}

// A peer that has not been read to its end still gets all that was written.
func TestLingerSavesWhatWasWritten(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Write(make([]byte, 1000)); err != nil { // that nobody asks for
		t.Fatal(err)
	}
	c := New(conn)
	if _, err := c.Write([]byte("why")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var d Deadline
	c.GiveTime(&d)
	c.Start(&starter{c, func() Next { return c.Linger(&d, func() { c.Close(); close(done) }) }}, false)
	got, err := io.ReadAll(peer)
	if string(got) != "why" || err != nil {
		t.Errorf("the peer has got %q, %v", got, err)
	}
	peer.Close()
	<-done
}

// A starter is a Reader that calls a function, which names its successor.
type starter struct {
	c     *Conn
	first func() Next
}

func (s *starter) Readable() Next { return s.first() }
func (s *starter) Space() []byte  { return nil }
func (s *starter) Ended()         {}
