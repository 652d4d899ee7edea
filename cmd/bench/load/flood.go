//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/address"
	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/proc"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

const (
	// stallAfter is how long an attacker waits for a server that takes nothing, or
	// that does not end the connection after everything was sent.
	stallAfter = 2 * time.Second
	// keepFor is how long connections are kept that do nothing more.
	keepFor = time.Second
)

// A flood counts what has become of the attacking connections.
type flood struct {
	attack
	ended, stalled atomic.Int64
	opened         sync.WaitGroup // attackers that have sent everything
	release        chan struct{}  // closed when the server has been measured
}

// floods attacks the server from -conns connections at a time, while another
// connection sends it messages. The CPU time and the memory are those of the server
// until it has seen to everything.
func floods(r *result.Result) {
	build, ok := attacks[*attackName]
	if !ok {
		log.Fatalf("unknown attack %q", *attackName)
	}
	f := &flood{attack: build(), release: make(chan struct{})}
	f.rounds = max(f.rounds, 1)
	must(control.Ask(*ctl, control.Collect))
	r.RSS0 = rss()
	if *pid != 0 {
		must(0, proc.ResetPeak(*pid))
	}
	p := startProbe()
	m := begin()
	var all sync.WaitGroup
	f.opened.Add(*conns)
	for i := range *conns {
		all.Go(func() { f.run(i) })
	}
	f.opened.Wait()
	if f.keep {
		time.Sleep(keepFor)
	}
	p.stop(r)
	settle()
	m.end(r, int64(*conns*f.rounds))
	if *pid != 0 {
		r.Peak = must(proc.Peak(*pid))
	}
	close(f.release)
	all.Wait()
	r.Ended, r.Stalled = f.ended.Load(), f.stalled.Load()
}

// run is one attacker.
func (f *flood) run(i int) {
	for round := range f.rounds {
		c, err := f.connect(i + round**conns)
		if err == nil {
			err = f.attack.on(c)
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			f.stalled.Add(1)
		case err != nil:
			f.ended.Add(1)
		}
		if round == f.rounds-1 {
			f.opened.Done()
			<-f.release
		}
		if c != nil {
			c.SetLinger(0) // a reset leaves no socket in TIME_WAIT
			c.Close()
		}
	}
}

// connect opens connection i. One that reads nothing gets a small buffer for it.
func (f *flood) connect(i int) (*net.TCPConn, error) {
	a := source(i)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: a[:]}, Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
			if f.unread {
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10)
			}
		})
	}}
	network, name := address.Split(*addr)
	c, err := d.DialContext(context.Background(), network, name)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// on attacks on a connection. It returns when everything has been sent, or the server
// has ended the connection, or with os.ErrDeadlineExceeded when it takes nothing more.
func (a attack) on(c *net.TCPConn) error {
	first := a.first
	switch {
	case a.head != nil:
		first = append(bytes.Clone(a.head), first...)
	default:
		if err := shake(c, request()); err != nil {
			return err
		}
	}
	read := make(chan error, 1)
	reads := !a.unread && (a.head == nil || !a.opens || len(a.first) > 0)
	if reads {
		go func() {
			_, err := io.Copy(io.Discard, c)
			read <- err
		}()
	}
	if err := send(c, first); err != nil {
		return err
	}
	for range a.chunks {
		if err := send(c, a.chunk); err != nil {
			return err
		}
	}
	if a.keep || a.unread {
		return nil
	}
	if !reads {
		return answered(c)
	}
	c.SetReadDeadline(time.Now().Add(stallAfter))
	c.CloseWrite()
	return <-read
}

// answered waits for the end of the answer to a request.
func answered(c net.Conn) error {
	c.SetReadDeadline(time.Now().Add(stallAfter))
	var b [4096]byte
	for n := 0; !bytes.Contains(b[:n], []byte("\r\n\r\n")); {
		m, err := c.Read(b[n:])
		if err != nil {
			return err
		}
		n += m
	}
	if !bytes.HasPrefix(b[:], []byte("HTTP/1.1 101 ")) {
		return errRefused
	}
	return nil
}

var errRefused = errors.New("the server has refused the request")

func send(c net.Conn, p []byte) error {
	c.SetWriteDeadline(time.Now().Add(stallAfter))
	_, err := c.Write(p)
	return err
}

// A probe is a process with the connection that sends messages while the server is
// attacked, so that its latencies do not depend on what this process does.
type probe struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   bytes.Buffer
}

func startProbe() *probe {
	p := &probe{cmd: exec.Command(must(os.Executable()), "-mode", "probe", "-addr", *addr)}
	p.stdin = must(p.cmd.StdinPipe())
	p.cmd.Stdout, p.cmd.Stderr = &p.out, os.Stderr
	must(0, p.cmd.Start())
	return p
}

// stop stores in r the latencies so far.
func (p *probe) stop(r *result.Result) {
	p.stdin.Close()
	must(0, p.cmd.Wait())
	var of result.Result
	must(0, json.Unmarshal(p.out.Bytes(), &of))
	r.P50, r.P99, r.P999, r.Probes = of.P50, of.P99, of.P999, of.Msgs
}
