//go:build !portable

package transport_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/transport"
)

// A batch is the connection under a peer's TLS. Records go out together when flush is
// called.
type batch struct {
	net.Conn
	kept bytes.Buffer
}

func (b *batch) Write(p []byte) (int, error) { return b.kept.Write(p) }

func (b *batch) flush(t *testing.T) {
	t.Helper()
	if _, err := b.Conn.Write(b.kept.Bytes()); err != nil {
		t.Error(err)
	}
	b.kept.Reset()
}

// A batchPeer is a peer whose records come together.
type batchPeer struct {
	t     *testing.T
	mu    sync.Mutex // held by send, which a Reader calls too
	conn  *tls.Conn
	below *batch
}

// batchPair returns a tls.Conn, as somebody else makes it, and its peer.
func batchPair(t *testing.T) (*tls.Conn, *batchPeer) {
	t.Helper()
	root := wstest.NewAuthority(t, nil)
	cert := root.Issue(t, wstest.ServerCertificate())
	a, b := wstest.TCPPair(t)
	config := root.ClientConfig()
	config.ServerName = "localhost"
	p := &batchPeer{t: t, below: &batch{}}
	server := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true})
	handshake := make(chan error, 1)
	go func() { handshake <- server.Handshake() }()
	through := &switched{to: b}
	p.conn = tls.Client(through, config)
	if err := p.conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-handshake; err != nil {
		t.Fatal(err)
	}
	p.below.Conn, through.to = b, p.below
	return server, p
}

// switched is a connection that may become another one.
type switched struct{ to net.Conn }

func (s *switched) Read(p []byte) (int, error)         { return s.to.Read(p) }
func (s *switched) Write(p []byte) (int, error)        { return s.to.Write(p) }
func (s *switched) Close() error                       { return s.to.Close() }
func (s *switched) LocalAddr() net.Addr                { return s.to.LocalAddr() }
func (s *switched) RemoteAddr() net.Addr               { return s.to.RemoteAddr() }
func (s *switched) SetDeadline(t time.Time) error      { return s.to.SetDeadline(t) }
func (s *switched) SetReadDeadline(t time.Time) error  { return s.to.SetReadDeadline(t) }
func (s *switched) SetWriteDeadline(t time.Time) error { return s.to.SetWriteDeadline(t) }

// send sends each of texts in a record of its own, and all of them in one write.
func (p *batchPeer) send(texts ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range texts {
		if _, err := p.conn.Write([]byte(text)); err != nil {
			p.t.Error(err)
		}
	}
	p.below.flush(p.t)
}

// A stepper is a Reader that asks step after each read, with all that has come.
type stepper struct {
	c    *transport.Conn
	got  []byte
	step func(got string, read bool) transport.Next // Wait: go on
	over chan struct{}
}

func newStepper(conn net.Conn, step func(got string, read bool) transport.Next) *stepper {
	return &stepper{c: transport.New(conn), step: step, over: make(chan struct{})}
}

func (s *stepper) Readable() transport.Next {
	var buf [64 << 10]byte
	n, _, err := s.c.TryRead(buf[:])
	s.got = append(s.got, buf[:n]...)
	next := s.step(string(s.got), n > 0)
	if err != nil && err != transport.ErrWouldBlock {
		return transport.Over
	}
	return next
}

func (s *stepper) Space() []byte { return nil }
func (s *stepper) Ended()        { close(s.over) }

// onWorker reports whether a worker has called the caller.
func onWorker() bool { return bytes.Contains(debug.Stack(), []byte("internal/workers.")) }

// until waits for is to return true.
func until(t *testing.T, is func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(wstest.Patience); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Error(what)
			return
		}
	}
}

func within[T any](t *testing.T, ch <-chan T, what string) (v T) {
	t.Helper()
	timer := time.NewTimer(wstest.Patience)
	defer timer.Stop()
	select {
	case v = <-ch:
	case <-timer.C:
		t.Fatal(what)
	}
	return v
}

// TestRecordsWhileHeld checks that records in the socket are read although crypto/tls had
// others when the Reader was held.
func TestRecordsWhileHeld(t *testing.T) {
	conn, peer := batchPair(t)
	held, all := make(chan bool, 10), make(chan bool, 1)
	resume := make(chan bool)
	isHeld := true
	s := newStepper(conn, func(got string, read bool) transport.Next {
		select {
		case <-resume:
			isHeld = false
		default:
		}
		switch {
		case got == "12345678abc":
			all <- true
			return transport.Over
		case isHeld && got != "":
			held <- true
			return transport.Hold
		}
		return transport.Wait
	})
	s.c.Start(s, false)
	until(t, s.c.IsParked, "the first visit does not end")
	peer.send("1", "2", "3", "4", "5", "6", "7", "8")
	within(t, held, "the first record has not come")
	peer.send("a", "b", "c")
	within(t, held, "the Reader is not called for more records")
	close(resume)
	s.c.Wake()
	within(t, all, "records are left in the socket")
	within(t, s.over, "there is no end")
	s.c.Close()
}

// TestRecordsWhenVisitEnds checks that a record is read that comes just before the
// goroutine ends that has read the end of many.
func TestRecordsWhenVisitEnds(t *testing.T) {
	conn, peer := batchPair(t)
	// What a worker looks at ends within the header of the last one, which crypto/tls reads
	// together with the end of the second.
	const perRecord = 5 + 16 + 1
	sizes := []int{1800, 4094 - (1800 + 100 + 100) - 4*perRecord, 100, 100, 50}
	var texts []string
	for _, n := range sizes {
		texts = append(texts, strings.Repeat("x", n))
	}
	first := strings.Join(texts, "")
	all := make(chan bool, 1)
	var full, sent atomic.Bool
	var s *stepper
	s = newStepper(conn, func(got string, read bool) transport.Next {
		switch {
		case strings.HasSuffix(got, "last"):
			all <- true
			return transport.Over
		case got == first && read:
			full.Store(true)
		case got == first && !onWorker() && sent.CompareAndSwap(false, true):
			peer.send("last")
			until(t, s.c.IsAgain, "no worker has noticed the record")
		}
		return transport.Wait
	})
	s.c.Start(s, false)
	until(t, s.c.IsParked, "the first visit does not end")
	peer.send(texts...)
	// If the first part was read in another way, as it is after a worker has had to wait for
	// a processor, nobody asks the Reader once more.
	until(t, func() bool { return sent.Load() || full.Load() && s.c.IsParked() }, "the first records do not come")
	if sent.CompareAndSwap(false, true) {
		peer.send("last")
	}
	within(t, all, "a record is left in the socket")
	within(t, s.over, "there is no end")
	s.c.Close()
}

// TestDetachWhileDraining checks that a connection can be read by whom it is left to,
// although what crypto/tls had was read last.
func TestDetachWhileDraining(t *testing.T) {
	conn, peer := batchPair(t)
	held, given := make(chan bool, 1), make(chan net.Conn, 1)
	var s *stepper
	s = newStepper(conn, func(got string, read bool) transport.Next {
		switch {
		case got == "1" && read:
			held <- true
			return transport.Hold
		case got == "12":
			given <- s.c.Detach()
			return transport.Gone
		}
		return transport.Wait
	})
	s.c.Start(s, false)
	until(t, s.c.IsParked, "the first visit does not end")
	peer.send("1", "2")
	within(t, held, "the first record has not come")
	s.c.Wake()
	detached := within(t, given, "the second record has not come")
	defer detached.Close()
	go peer.send("3")
	var buf [10]byte
	if n, err := detached.Read(buf[:]); string(buf[:n]) != "3" {
		t.Errorf("Read has returned %q, %v", buf[:n], err)
	}
}

// TestForeignNotRegistered checks that a Reader that holds a connection is called again
// after Wake, and learns why, if the system does not let workers wait for it.
func TestForeignNotRegistered(t *testing.T) {
	conn, _ := batchPair(t)
	held := make(chan bool, 1)
	first := true
	r := &funcReader{ended: make(chan struct{})}
	r.readable = func() transport.Next {
		if first {
			first = false
			held <- true
			return transport.Hold
		}
		_, _, r.err = r.c.TryRead(make([]byte, 10))
		return transport.Over
	}
	r.c = transport.New(conn)
	r.c.CannotRegister()
	r.c.Start(r, false)
	within(t, held, "the Reader is not called")
	r.c.Wake()
	within(t, r.ended, "the Reader is not called after Wake")
	if !errors.Is(r.err, syscall.EBADF) {
		t.Errorf("TryRead has returned %v", r.err)
	}
	r.c.Close()
}

// A funcReader is a Reader that is a function.
type funcReader struct {
	c        *transport.Conn
	readable func() transport.Next
	err      error
	ended    chan struct{}
}

func (r *funcReader) Readable() transport.Next { return r.readable() }
func (r *funcReader) Space() []byte            { return nil }
func (r *funcReader) Ended()                   { close(r.ended) }
