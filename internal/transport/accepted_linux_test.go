//go:build !portable

package transport_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/transport"
)

// noRetry ends Serve at the first error.
func noRetry(error) time.Duration { return -1 }

// acceptedPair returns the two ends of a connection, of which workers serve ours.
func acceptedPair(t *testing.T) (ours net.Conn, theirs *net.TCPConn) {
	t.Helper()
	l, err := transport.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns, served := make(chan net.Conn, 1), make(chan error, 1)
	go func() { served <- transport.Serve(l, func(c net.Conn) { conns <- c }, noRetry) }()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours = <-conns
	l.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve has returned %v", err)
	}
	t.Cleanup(func() {
		ours.Close()
		dialed.Close()
	})
	dialed.SetDeadline(time.Now().Add(wstest.Patience))
	return ours, dialed.(*net.TCPConn)
}

// TestDeadlineBeforeStart checks that a connection ends whose time is over before it is
// started, although its peer does nothing.
func TestDeadlineBeforeStart(t *testing.T) {
	first, _ := acceptedPair(t)
	second, _ := acceptedPair(t)
	var ts transport.Deadlines
	var of [2]transport.Deadline
	early, late := newJournal(t, transport.New(first), 10), newJournal(t, transport.New(second), 10)
	late.c.Start(late, false)
	ts.Set(&of[0], early.c, 1)
	ts.Set(&of[1], late.c, 1)
	<-late.over
	early.serve() // its time was over before that of the other
	early.wantEnd(os.ErrDeadlineExceeded)
	late.wantEnd(os.ErrDeadlineExceeded)
	early.c.Close()
	late.c.Close()
}

// TestControlCallsBack checks that the function of Control may use the connection.
func TestControlCallsBack(t *testing.T) {
	ours, theirs := acceptedPair(t)
	j := newJournal(t, transport.New(ours), 10)
	j.c.Start(j, false)
	raw, err := ours.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		if got, want := ours.LocalAddr().String(), theirs.RemoteAddr().String(); got != want {
			t.Errorf("the address is %s, want %s", got, want)
		}
		if err := raw.Control(func(again uintptr) {
			if again != fd {
				t.Errorf("the descriptors are %d and %d", fd, again)
			}
		}); err != nil {
			t.Error(err)
		}
		if err := ours.Close(); err != nil {
			t.Error(err)
		}
		<-j.over
		j.c.Close()
		if _, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
			t.Errorf("the descriptor is closed while it is used: %v", err)
		}
		if err := raw.Control(func(uintptr) {}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Control after the end has returned %v", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer has read %v, want the end", err)
	}
}

// TestOneConnForAnAccepted checks that a second Conn that is made from a connection in
// use cannot read from it, and that closing the second one ends the first one rather than
// close the descriptor that it uses.
func TestOneConnForAnAccepted(t *testing.T) {
	ours, theirs := acceptedPair(t)
	j := newJournal(t, transport.New(ours), 10)
	j.c.Start(j, false)
	other := newJournal(t, transport.New(ours), 10)
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	other.serve()
	if other.err == nil || other.got.Len() > 0 {
		t.Errorf("the second Conn has read %q, %v", &other.got, other.err)
	}
	other.c.Close()
	<-j.over
	j.wantEnd(net.ErrClosed)
	j.c.Close()
	if err := ours.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close after the end has returned %v", err)
	}
}

// TestUrgentDataIsPassed checks that what follows TCP's urgent data is read, although a
// read stops there.
func TestUrgentDataIsPassed(t *testing.T) {
	ours, theirs := acceptedPair(t)
	j := newJournal(t, transport.New(ours), 100)
	j.drained, j.enough = true, 6
	sent := make(chan struct{})
	j.readable = func() error {
		<-sent
		return nil
	}
	raw, err := theirs.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		syscall.Write(int(fd), []byte("abc"))
		syscall.Sendto(int(fd), []byte("!"), syscall.MSG_OOB, nil)
		syscall.Write(int(fd), []byte("def"))
	}); err != nil {
		t.Fatal(err)
	}
	j.c.Start(j, false)
	close(sent)
	<-j.over
	if j.got.String() != "abcdef" {
		t.Errorf("%q has been read", &j.got)
	}
	j.c.Close()
}

// TestDetach checks that a detached connection can be used, also if no further descriptor
// can be had.
func TestDetach(t *testing.T) {
	for name, with := range map[string]func(*testing.T, func()){
		"descriptors":    func(_ *testing.T, fn func()) { fn() },
		"no descriptors": withoutDescriptors,
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := acceptedPair(t)
			c := transport.New(ours)
			var conn net.Conn
			with(t, func() { conn = c.Detach() })
			if conn.LocalAddr().String() != theirs.RemoteAddr().String() || conn.RemoteAddr().String() != theirs.LocalAddr().String() {
				t.Errorf("the addresses are %v and %v", conn.LocalAddr(), conn.RemoteAddr())
			}
			if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
			b := make([]byte, 5)
			if _, err := conn.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after the deadline Read has returned %v", err)
			}
			conn.SetDeadline(time.Now().Add(wstest.Patience))
			go io.Copy(theirs, theirs)
			if _, err := conn.Write([]byte("hello")); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello" {
				t.Errorf("Read has returned %q, %v", b, err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A heldSource is a Source that has nothing to write. It says when Next is called, which
// returns when goOn is closed.
type heldSource struct{ called, goOn, finished chan struct{} }

func (s *heldSource) Next(int, error) []byte {
	s.called <- struct{}{}
	<-s.goOn
	return nil
}

func (s *heldSource) Finished() { s.finished <- struct{}{} }

// TestOutComesLate checks that a worker that calls Out after the Conn has become another
// connection, which a goroutine writes to, leaves that alone.
func TestOutComesLate(t *testing.T) {
	ours, _ := acceptedPair(t)
	c := transport.New(ours)
	c.Close()
	raw, _ := wstest.TCPPair(t)
	c.Init(raw)
	s := &heldSource{make(chan struct{}, 2), make(chan struct{}), make(chan struct{}, 2)}
	c.WriteLater(s)
	<-s.called
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		c.Out()
	}()
	select {
	case <-s.called:
		t.Error("Out has called Next, which a goroutine is calling")
	case <-returned:
	}
	close(s.goOn)
	<-s.finished
	<-returned
	c.Close()
}
