package faults

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// scarce tells a process of TestTooManyOpenFiles that it is one, and how its server gets its
// connections.
const scarce = "AIRSOCKET_TEST_SCARCE"

// TestTooManyOpenFiles checks what happens in a process that has no descriptors left: open
// connections go on, Connect reports the error, and a server looks for connections at ever
// longer intervals, and serves those that have come as soon as there are descriptors again.
// Each way runs in a process of its own.
func TestTooManyOpenFiles(t *testing.T) {
	if way := os.Getenv(scarce); way != "" {
		(&scarcity{t: t, way: way}).run()
		return
	}
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestTooManyOpenFiles$", "-test.v")
			cmd.Env = append(os.Environ(), scarce+"="+way)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A scarcity is a process of TestTooManyOpenFiles.
type scarcity struct {
	t     *testing.T
	way   string
	url   string
	waits chan retry     // that the server has logged
	limit syscall.Rlimit // as it was
	taken []int          // descriptors that nobody needs
}

func (s *scarcity) run() {
	t := s.t
	s.waits = make(chan retry, 1000)
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: true, Logger: slog.New(acceptLog{s.waits})}})
	s.url = serve(t, srv, s.way)
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &s.limit); err != nil {
		t.Fatal(err)
	}
	s.finish(s.connect(nil)) // what is needed once
	before := wstest.Used(t)

	var open, waiting []*end
	for range 8 {
		e := s.connect(nil)
		wstest.Receive(t, e.opened)
		open = append(open, e)
	}
	var sockets []int // as those who wait need descriptors too
	for range 4 {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, fd)
	}
	s.takeAll()
	for _, e := range open {
		s.echo(e)
	}
	s.wantRefused()
	for _, fd := range sockets {
		waiting = append(waiting, s.connect(s.dialWith(fd)))
	}
	s.wantLongerWaits()
	for _, e := range waiting {
		if e.isOpen() {
			t.Error("a connection is open, although there is no descriptor for it")
		}
	}
	s.wantRefused()

	s.give(1)
	served := s.wantOne(waiting)
	s.echo(served)
	s.give(len(s.taken))
	s.setLimit(s.limit.Cur)
	for _, e := range waiting {
		if e != served {
			wstest.Receive(t, e.opened)
			s.echo(e)
		}
		s.finish(e)
	}
	for _, e := range open {
		s.finish(e)
	}
	s.crowd(before.Descriptors)
	var after wstest.Usage
	wstest.Eventually(t, func() bool { after = wstest.Used(t); return after.Within(before) }, func() string {
		return "after: " + after.String() + ", before: " + before.String()
	})
}

// connect returns a client that connects, with dial if that is not nil.
func (s *scarcity) connect(dial func(context.Context, string, string) (net.Conn, error)) *end {
	s.t.Helper()
	opts := &airsocket.Options{Parallel: true, Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: -1, Dial: dial, TLS: insecure}
	e := newEnd(s.t, "client")
	e.follow(airsocket.NewSocket(opts))
	if err := e.s.Connect(s.url); err != nil {
		s.t.Fatal(err)
	}
	return e
}

// dialWith returns an Options.Dial that connects a socket, which takes no other descriptor.
func (s *scarcity) dialWith(fd int) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, _, addr string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(addr)
		if err != nil {
			return nil, err
		}
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
			return nil, err
		}
		syscall.SetNonblock(fd, true)
		return fileConn{os.NewFile(uintptr(fd), "")}, nil
	}
}

// A fileConn is a connection that needs one descriptor.
type fileConn struct{ *os.File }

func (fileConn) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (fileConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// echo has the server send a message back. It can be called once for each end.
func (s *scarcity) echo(e *end) {
	s.t.Helper()
	e.expect(1)
	if err := e.send(e.name, 5000, rand.New(rand.NewPCG(1, 2))); err != nil {
		s.t.Error(err)
	}
	wstest.Receive(s.t, e.whole)
}

// finish waits until e is open, and closes it.
func (s *scarcity) finish(e *end) {
	s.t.Helper()
	wstest.Receive(s.t, e.opened)
	e.close(clientCode)
	wstest.Receive(s.t, e.closed)
	e.mu.Lock()
	if c := e.closes[0]; len(e.closes) != 1 || !c.WasClean || c.Code != clientCode || len(e.errs) != 0 {
		s.t.Error(e.text())
	}
	e.mu.Unlock()
}

// wantRefused checks that Connect reports that there are no descriptors.
func (s *scarcity) wantRefused() {
	s.t.Helper()
	e := s.connect(nil)
	wstest.Receive(s.t, e.closed)
	e.mu.Lock()
	if len(e.closes) != 1 || len(e.errs) != 1 || !errors.Is(e.errs[0], syscall.EMFILE) || e.closes[0].Code != airsocket.StatusAbnormalClosure || e.closes[0].WasClean {
		s.t.Errorf("%v, want EMFILE", e.text())
	}
	e.mu.Unlock()
}

// wantLongerWaits checks that the server, which cannot accept the connections that wait,
// tries it at ever longer intervals.
func (s *scarcity) wantLongerWaits() {
	s.t.Helper()
	if strings.HasPrefix(s.way, byHTTP) {
		return // net/http has its own intervals
	}
	last := wstest.Receive(s.t, s.waits)
	if last.wait != 5*time.Millisecond {
		s.t.Errorf("the server first waits for %v", last.wait)
	}
	for range 5 {
		next := wstest.Receive(s.t, s.waits)
		if next.wait != 2*last.wait {
			s.t.Errorf("after %v the server waits for %v, want twice as long", last.wait, next.wait)
		}
		if took := next.at.Sub(last.at); took < last.wait {
			s.t.Errorf("the server has waited for %v, want %v", took, last.wait)
		}
		last = next
	}
}

// wantOne waits until one of those who wait is open, checks that the others are not, and
// returns it.
func (s *scarcity) wantOne(waiting []*end) *end {
	s.t.Helper()
	opened := make(chan *end, len(waiting))
	for _, e := range waiting {
		go func() {
			<-e.opened
			opened <- e
		}()
	}
	e := wstest.Receive(s.t, opened)
	if !strings.HasPrefix(s.way, byHTTP) {
		for wstest.Receive(s.t, s.waits).wait != 5*time.Millisecond { // the intervals begin anew
		}
	}
	if len(opened) > 0 {
		s.t.Error("two connections are open, although there was a descriptor for one")
	}
	return e
}

// crowd lets more clients come and go than there are descriptors for, until there are enough
// again.
func (s *scarcity) crowd(used int) {
	s.setLimit(uint64(used + 20))
	var wg sync.WaitGroup
	var mu sync.Mutex
	opens, failures := 0, 0
	enough := make(chan struct{}) // is closed when sufficiently many have failed
	for range 32 {
		wg.Go(func() {
			for n, last := 0, false; !last; n++ {
				select {
				case <-enough:
					last = true // which must succeed
				default:
				}
				e := s.connect(nil)
				select {
				case <-e.opened:
					s.finish(e)
				case <-e.closed:
				}
				e.mu.Lock()
				if len(e.closes) != 1 || e.opens+len(e.errs) != 1 || last && e.opens == 0 {
					s.t.Error(e.text())
				}
				mu.Lock()
				opens += e.opens
				if failures += len(e.errs); len(e.errs) > 0 && failures == 640 {
					s.setLimit(s.limit.Cur)
					close(enough)
				}
				mu.Unlock()
				e.mu.Unlock()
			}
		})
	}
	wg.Wait()
	s.t.Logf("%d were open, %d failed", opens, failures)
}

// takeAll takes all descriptors.
func (s *scarcity) takeAll() {
	s.setLimit(uint64(len(wstest.OpenFiles(s.t)) + 30))
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			return
		}
		s.taken = append(s.taken, fd)
	}
}

// give gives n descriptors back.
func (s *scarcity) give(n int) {
	for _, fd := range s.taken[:n] {
		syscall.Close(fd)
	}
	s.taken = s.taken[n:]
}

func (s *scarcity) setLimit(n uint64) {
	limit := s.limit
	limit.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		s.t.Error(err)
	}
}

// A retry is what a server logs when it cannot accept a connection.
type retry struct {
	at   time.Time
	wait time.Duration // until it tries again
}

// An acceptLog passes on each retry.
type acceptLog struct{ waits chan retry }

func (acceptLog) Enabled(context.Context, slog.Level) bool { return true }
func (l acceptLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l acceptLog) WithGroup(string) slog.Handler          { return l }

func (l acceptLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "accept" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "again in" {
				l.waits <- retry{r.Time, a.Value.Duration()}
			}
			return true
		})
	}
	return nil
}
