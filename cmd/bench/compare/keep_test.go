//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/proc"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

func TestLoadsThatEnd(t *testing.T) {
	failed := errors.New("exit status 1")
	in, out := io.Pipe()
	all := []*keeper{{stdin: out, opened: make(chan struct{})}, {stdin: out, opened: make(chan struct{})}}
	ended := make(chan error, len(all))

	close(all[0].opened)
	ended <- failed
	if err := awaitOpen(all, ended); !errors.Is(err, errKeepEarly) || !errors.Is(err, failed) {
		t.Errorf("a load ends before its connections are open: %v", err)
	}
	close(all[1].opened)
	if err := awaitOpen(all, ended); err != nil {
		t.Errorf("all are open: %v", err)
	}

	ended <- nil
	ended <- failed
	if err := awaitAnswers(all, ended); !errors.Is(err, failed) {
		t.Errorf("a connection does not answer: %v", err)
	}
	if _, err := in.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the loads are not told to check: %v", err)
	}
	ended <- nil
	ended <- nil
	if err := awaitAnswers(all, ended); err != nil {
		t.Errorf("all answer: %v", err)
	}
}

func TestWhatKeptConnectionsTake(t *testing.T) {
	k := &keeper{
		addr: "127.0.0.1:80", conns: 1000, result: result.Result{Pings: 5000},
		empty:     usage{rss: 8 << 20, heap: 1 << 20},
		kept:      usage{rss: 10 << 20, cpu: 0.25},
		collected: usage{rss: 9 << 20, pss: 4 << 20, heap: 2 << 20, goroutines: 4},
	}
	var b bytes.Buffer
	printKept(&b, []*keeper{k, k}, 10*time.Second, proc.Kernel{Slab: 1 << 20}, proc.Kernel{Slab: 9 << 20, TCP: 8 << 20, Sockets: 4000, Files: 4001})
	for _, want := range []string{
		"| 127.0.0.1:80 | 1000 | 5000 | 0.25 | 8.0 | 10.0 | 9.0 | 4.0 | 2.0 | 4 | 1048 | 1048 |",
		"| all | 2000 | 10000 | 0.50 | 16.0 | 20.0 | 18.0 | 8.0 | 4.0 | 8 | 1048 | 1048 |",
		"5.00 % of one processor, 50 µs for each ping",
		"8.0 MiB more in slabs and 8.0 MiB more in buffers of TCP: 8388 bytes for each connection",
		"4000 more sockets and 4001 more open files",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
