//go:build linux

package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// overTLS sets -tls and returns both ends of a connection, of which ours does not
// wait.
func overTLS(t *testing.T) (ours secured, theirs *tls.Conn) {
	*secure = true
	t.Cleanup(func() { *secure = false })
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(pair[1]), "theirs")
	c, err := net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	theirs = tls.Server(c, certified.TLS)
	shaken := make(chan error, 1)
	go func() { shaken <- theirs.Handshake() }()
	if ours, err = encrypt(socket(pair[0])); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	if err := unix.SetNonblock(ours.fd(), true); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

func TestRecordsThatWaitInTheTLSConn(t *testing.T) {
	ours, theirs := overTLS(t)
	s := newStreamer()
	s.conns = []conn{{connection: ours}}
	if n := s.receive(0); n != 0 {
		t.Errorf("%d messages before any was sent", n)
	}
	for range 3 {
		if _, err := theirs.Write(style().Append(nil, payload(0))); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.receive(0); n != 3 {
		t.Errorf("%d messages, want all 3: epoll reports none that crypto/tls has read", n)
	}
	if n := s.receive(0); n != 0 {
		t.Errorf("%d messages after the last", n)
	}
}

func TestTLSWithoutRoom(t *testing.T) {
	was := *size
	*size = 4 << 20
	defer func() { *size = was }()
	ours, theirs := overTLS(t)
	s := newStreamer()
	s.conns = []conn{{connection: ours}}
	s.watch(0, unix.EPOLL_CTL_ADD)
	s.send(0, 2, 0)
	if !s.conns[0].waiting {
		t.Fatal("there is room for everything")
	}
	received := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(theirs, make([]byte, 2*s.ends[0]))
		received <- err
	}()
	for s.conns[0].waiting {
		if _, err := unix.EpollWait(s.ep, s.evs, -1); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
		s.flush(0)
	}
	if err := unix.Shutdown(ours.fd(), unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Errorf("something was not sent: %v", err)
	}
}

func TestEndOfTLSIsNoticed(t *testing.T) {
	ours, theirs := overTLS(t)
	if _, err := ours.Read(make([]byte, 1)); err != unix.EAGAIN {
		t.Errorf("before the end: %v", err)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Read(make([]byte, 1)); err == nil || err == unix.EAGAIN {
		t.Errorf("after the end: %v", err)
	}
}
