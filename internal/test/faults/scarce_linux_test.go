package faults

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// scarce tells a process of TestTooManyOpenFiles that it is one.
const scarce = "AIRSOCKET_TEST_SCARCE"

// TestTooManyOpenFiles checks that connections that come and go while the process has too
// few descriptors end with one close event each, and that all is served when there are
// enough again. It runs a process of its own.
func TestTooManyOpenFiles(t *testing.T) {
	if os.Getenv(scarce) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTooManyOpenFiles$", "-test.v")
		cmd.Env = append(os.Environ(), scarce+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	url := wstest.ServeEcho(t, &airsocket.Options{Parallel: true})
	wantEcho := func() {
		t.Helper()
		wstest.Try(t, wstest.OwnDispatcher(nil), url).WantEcho(t)
	}
	wantEcho() // what is needed once
	before := wstest.Used(t)
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
	enough := r.Cur
	limit := func(n uint64) {
		r.Cur = n
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
			t.Fatal(err)
		}
	}
	limit(uint64(before.Descriptors + 20))
	opts := &airsocket.Options{Parallel: true, Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: 100 * time.Millisecond}
	var mu sync.Mutex
	opens, failures := 0, 0
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 20 {
				e := newEnd(t, "client")
				e.follow(airsocket.NewSocket(opts))
				if err := e.s.Connect(url); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-e.opened:
					e.close(clientCode)
				case <-e.closed:
				}
				wstest.Receive(t, e.closed)
				e.mu.Lock()
				mu.Lock()
				opens += e.opens
				failures += len(e.errs)
				mu.Unlock()
				if len(e.closes) != 1 || e.opens == 0 && len(e.errs) != 1 {
					t.Errorf("%d open, %d error and %d close events", e.opens, len(e.errs), len(e.closes))
				}
				e.mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failures == 0 {
		t.Error("there were descriptors for all")
	}
	limit(enough)
	wantEcho()
	var after wstest.Usage
	wstest.Eventually(t, func() bool { after = wstest.Used(t); return after.Within(before) }, func() string {
		return "after: " + after.String() + ", before: " + before.String()
	})
	t.Logf("%d were open, %d failed; %v, before: %v", opens, failures, after, before)
}
