//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

// TestSuccessorFails checks that the old process goes on if the new one cannot start.
func TestSuccessorFails(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := serve(t, nil, w)
	w.Close()
	c := stage.Connect(t, nil, "ws://"+s.addr)
	c.Want("open ")
	if err := os.Remove(s.journal); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.journal, 0o755); err != nil { // cannot be opened as a file
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	lines := bufio.NewScanner(r)
	for lines.Scan() && !strings.Contains(lines.Text(), "the new process is not ready: exit status 1") {
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	c.Send("x")
	c.Want(fmt.Sprint("text ", s.pid, " has x"))
	stage.Connect(t, nil, "ws://"+s.addr).Want("open ")
	if err := os.Remove(s.journal); err != nil {
		t.Fatal(err)
	}
	s.restart()
	c.Want("close 1001 restart")
	s.stop()
}

// TestSuccessorWaits checks that a new process accepts no connection before the old one
// knows that it is ready, because the old one may have given up by then and end it.
func TestSuccessorWaits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	client := dial(t, l.Addr().String())
	io.WriteString(client, request)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ready, readyW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	beginR, begin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(self, "-journal", filepath.Join(t.TempDir(), "journal"))
	cmd.Env = append(os.Environ(), asExample+"=1", successor+"=1")
	cmd.ExtraFiles = []*os.File{f, readyW, beginR}
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(mostTime, func() { cmd.Process.Kill() }).Stop()
	readyW.Close()
	beginR.Close()
	if p, err := io.ReadAll(ready); string(p) != "!" || err != nil {
		t.Errorf("%q %v", p, err)
	}
	begin.Close() // as a process does that has given up, or has been killed
	if err := cmd.Wait(); err == nil || !strings.Contains(stderr.String(), "does not want to be replaced") {
		t.Errorf("%v\n%s", err, &stderr)
	}
	l.(*net.TCPListener).SetDeadline(time.Now().Add(mostTime))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal("the new process has accepted the connection: ", err)
	}
	conn.Close()
}

// TestSignalsArePassedOn checks that signals reach the new process if they are sent to the
// old one while it is being replaced, or after that.
func TestSignalsArePassedOn(t *testing.T) {
	for _, c := range []struct {
		name  string
		while bool // it is being replaced
		sig   syscall.Signal
	}{
		{"SIGHUP while", true, syscall.SIGHUP},
		{"SIGTERM while", true, syscall.SIGTERM},
		{"SIGHUP after", false, syscall.SIGHUP},
		{"SIGTERM after", false, syscall.SIGTERM},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, nil, os.Stderr)
			old := s.pid
			halfOpen := dial(t, s.addr) // keeps the old process
			other := stage.Connect(t, nil, "ws://"+s.addr)
			other.Want("open ") // connections are accepted in order
			s.signal(syscall.SIGHUP)
			s.listening() // so the old process has the signal, and waits for the new one
			var late *stage.Peer
			if !c.while {
				s.handedOver()
				other.Want("close 1001 restart")
				late = stage.Connect(t, nil, "ws://"+s.addr)
				late.Want("open ")
			}
			if err := syscall.Kill(old, c.sig); err != nil {
				t.Fatal(err)
			}
			if c.while {
				s.handedOver()
				other.Want("close 1001 restart")
			} else {
				late.Want("close 1001 restart")
			}
			if c.sig == syscall.SIGHUP {
				s.replaced()
				s.signal(syscall.SIGTERM)
			}
			halfOpen.Close()
			s.ended()
		})
	}
}

// TestLimit checks that clients that do not close do not keep the old process.
func TestLimit(t *testing.T) {
	s := serve(t, nil, os.Stderr, "-limit", "10ms")
	halfOpen, stubborn := dial(t, s.addr), dial(t, s.addr)
	io.WriteString(stubborn, request)
	r := wantAccepted(t, stubborn)
	for _, conn := range []net.Conn{halfOpen, stubborn} {
		conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // before CloseTimeout and HandshakeTimeout
	}
	s.restart()
	want := []byte("\x88\x09\x03\xe9restart")
	if p, err := io.ReadAll(r); !bytes.Equal(p, want) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q %v", p, err)
	}
	if p, err := io.ReadAll(halfOpen); len(p) != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q %v", p, err)
	}
	s.stop()
}

// TestUnixSocketFile checks that the file of a unix socket is there until the last process
// ends, and not longer.
func TestUnixSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	s := serve(t, nil, os.Stderr, "-addr", "unix:"+path)
	connect := func() *stage.Peer {
		c := stage.Connect(t, nil, "ws+unix://"+path+":/")
		c.Want("open ")
		c.Send("x")
		c.Want(fmt.Sprint("text ", s.pid, " has x"))
		return c
	}
	c := connect()
	for range 2 {
		s.restart()
		c.Want("close 1001 restart") // so the old process does not listen any more
		c = connect()
	}
	s.stop()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file at the end: %v", err)
	}
}
