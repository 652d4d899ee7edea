//go:build linux

package main

import (
	"log"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// A state is how far a connection gets before it does nothing.
type state string

const (
	connected state = "connected" // nothing is sent
	halfHead  state = "halfhead"  // half of the head of the opening handshake is sent
	opened    state = "open"
	echoed    state = "echoed" // a message is sent, and its echo received
)

func (s state) valid() bool {
	return s == connected || s == halfHead || s == opened || s == echoed
}

// idle measures the memory of the server before and after it opens the
// connections.
func idle(r *result.Result) {
	if !state(*upTo).valid() {
		log.Fatalf("unknown state %q", *upTo)
	}
	to := state(*upTo)
	// The first connection costs a server some memory that later ones do not.
	n := *conns
	*conns = 1
	for _, c := range openAll(to) {
		c.Close()
	}
	*conns = n
	time.Sleep(200 * time.Millisecond)

	c0 := weighEmpty(r)
	all := openAll(to)
	if to == echoed {
		p := payload(0)
		for _, c := range all {
			if err := verify(c, p); err != nil {
				log.Fatal(err)
			}
		}
	}
	weighLoaded(r, c0)
	for i, c := range all {
		if err := c.held(); err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
	}
	for _, c := range all {
		c.Close()
	}
}

// weighEmpty stores in r the memory of the measured process without
// connections. It returns the process's CPU time.
func weighEmpty(r *result.Result) float64 {
	m := must(control.Ask(*ctl, control.Collect))
	r.RSS0, r.Heap0, r.Stack0 = rss(), int64(m.HeapAlloc), int64(m.StackInuse)
	return cpu()
}

// weighLoaded stores in r the memory of the measured process with its
// connections, and the CPU time that it has used since it had used c0.
func weighLoaded(r *result.Result, c0 float64) {
	settle()
	r.RSS1 = rss()
	r.CPU = cpu() - c0
	r.CPUPerMsg = r.CPU / float64(*conns) * 1e6
	m := must(control.Ask(*ctl, control.Collect))
	time.Sleep(200 * time.Millisecond)
	r.RSSGC, r.HeapGC, r.StackGC = rss(), int64(m.HeapAlloc), int64(m.StackInuse)
	r.Goroutines = m.Goroutines
}

// settle waits until the measured process has used no CPU time for a second,
// so that it has accepted all connections and its garbage collector is done. It
// waits 10 seconds at most.
func settle() {
	last := cpu()
	for still, waits := 0, 0; still < 10 && waits < 100; waits++ {
		time.Sleep(100 * time.Millisecond)
		now := cpu()
		if still++; now > last {
			still = 0
		}
		last = now
	}
}

// handshakes opens, upgrades and resets connections in -conns goroutines.
func handshakes(r *result.Result) {
	req := request()
	var n atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range *conns {
		wg.Go(func() {
			for i := w; !stop.Load(); i += *conns {
				c, err := connect(i)
				if err == nil {
					err = shake(c, req)
				}
				if err != nil {
					log.Fatal(err)
				}
				// A reset leaves no socket in TIME_WAIT.
				unix.SetsockoptLinger(c.fd(), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
				c.Close()
				n.Add(1)
			}
		})
	}
	time.Sleep(*warmup)
	n0, m := n.Load(), begin()
	time.Sleep(*duration)
	m.end(r, n.Load()-n0)
	stop.Store(true)
	wg.Wait()
}
