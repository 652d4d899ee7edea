//go:build linux

package main

import (
	"crypto/tls"
	"io"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// idle measures the memory of the server before and after it opens the
// connections.
func idle(r *result.Result) {
	if *secure {
		weigh(r, dialTLS, func(c *tls.Conn) { c.Close() })
	} else {
		weigh(r, dial, func(s socket) { unix.Close(int(s)) })
	}
}

func weigh[C io.ReadWriter](r *result.Result, dial func(int) (C, error), hangUp func(C)) {
	// The first connection costs a server some memory that later ones do not.
	n := *conns
	*conns = 1
	for _, c := range openAll(dial) {
		hangUp(c)
	}
	*conns = n
	time.Sleep(200 * time.Millisecond)

	m0 := must(control.Ask(*ctl, control.Collect))
	r.RSS0, r.Heap0, r.Stack0 = rss(), int64(m0.HeapAlloc), int64(m0.StackInuse)
	c0 := cpu()
	all := openAll(dial)
	if *touch {
		p := payload(0)
		for _, c := range all {
			if err := verify(c, p); err != nil {
				log.Fatal(err)
			}
		}
	}
	time.Sleep(time.Second) // until the garbage collector is done
	r.RSS1 = rss()
	r.CPU = cpu() - c0
	r.CPUPerMsg = r.CPU / float64(n) * 1e6
	m1 := must(control.Ask(*ctl, control.Collect))
	time.Sleep(200 * time.Millisecond)
	r.RSSGC, r.HeapGC, r.StackGC = rss(), int64(m1.HeapAlloc), int64(m1.StackInuse)
	r.Goroutines = m1.Goroutines
	for _, c := range all {
		hangUp(c)
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
				s, err := dial(i)
				if err == nil {
					err = shake(s, req)
				}
				if err != nil {
					log.Fatal(err)
				}
				// A reset leaves no socket in TIME_WAIT.
				unix.SetsockoptLinger(int(s), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
				unix.Close(int(s))
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
