//go:build linux

// Command load puts load on one server, or serves one client program. It sends
// prepared frames from a single epoll loop, so that it is cheap and the same
// for all of them. It prints one line of JSON with its measurements, among them
// the CPU time of the process of -pid. It runs only on Linux.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
	"github.com/airsocket/airsocket/cmd/bench/internal/proc"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

var (
	addr       = flag.String("addr", "127.0.0.1:9001", "address of the server, host:port or unix:name; with -mode serve and hold, to listen on")
	ctl        = flag.String("ctl", "", "address of the control port of the measured process, for its memory statistics")
	pid        = flag.Int("pid", 0, "process ID of the measured process, for its CPU time and memory")
	mode       = flag.String("mode", "echo", "echo, rate, broadcast, idle, keep, handshake, serve, hold, flood, or probe")
	raw        = flag.Bool("raw", false, "no protocol: expect an echo of the same number of bytes")
	secure     = flag.Bool("tls", false, "use TLS, except with -mode keep, serve and hold")
	conns      = flag.Int("conns", 1, "connections")
	size       = flag.Int("size", 125, "payload size in bytes")
	inflight   = flag.Int("inflight", 1, "messages in flight on each connection")
	rate       = flag.Int("rate", 20000, "rate: messages per second, over all connections")
	charset    = flag.String("charset", "binary", "charset of the payload: binary, ascii, chinese, russian or json")
	compress   = flag.String("compress", "off", "permessage-deflate to ask for: off, single (no context takeover) or takeover")
	upTo       = flag.String("state", string(opened), "idle: how far each connection gets: connected, halfhead, open or echoed")
	attackName = flag.String("attack", "pings", "flood: what the connections do, such as pings-unread or bombs")
	warmup     = flag.Duration("warmup", 300*time.Millisecond, "time before measuring")
	duration   = flag.Duration("duration", time.Second, "time measured")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("load: ")
	flag.Parse()
	if !frame.Charset(*charset).Valid() {
		log.Fatalf("unknown charset %q", *charset)
	}
	r := &result.Result{Conns: *conns}
	switch *mode {
	case "echo", "broadcast", "rate":
		stream(r)
	case "serve":
		serve(r)
	case "hold":
		hold(r)
	case "idle":
		idle(r)
	case "keep":
		keep(r)
	case "handshake":
		handshakes(r)
	case "flood":
		floods(r)
	case "probe":
		probeServer(r)
	default:
		log.Fatalf("unknown mode %q", *mode)
	}
	if r.Msgs > 0 {
		r.PerSec = float64(r.Msgs) / r.Secs
		r.MBPerSec = r.PerSec * float64(*size) / 1e6
		r.CPUPerMsg = r.CPU / float64(r.Msgs) * 1e6
	}
	json.NewEncoder(os.Stdout).Encode(r)
}

// must ends the program if err is not nil.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// cpu returns the CPU time of the measured process, in seconds.
func cpu() float64 {
	if *pid == 0 {
		return 0
	}
	return must(proc.CPU(*pid))
}

func rss() int64 {
	if *pid == 0 {
		return 0
	}
	return must(proc.RSS(*pid))
}

// A measurement holds what the measured process had used when it began.
type measurement struct {
	stats    control.Stats
	cpu, own float64
	start    time.Time
}

func begin() measurement {
	return measurement{must(control.Ask(*ctl, control.Begin)), cpu(), must(proc.CPU(unix.Getpid())), time.Now()}
}

// end stores in r what n messages have cost.
func (m measurement) end(r *result.Result, n int64) {
	r.CPU, r.LoadCPU = cpu()-m.cpu, must(proc.CPU(unix.Getpid()))-m.own
	r.Secs, r.Msgs = time.Since(m.start).Seconds(), n
	if n == 0 {
		log.Fatal("no message came back")
	}
	stats := must(control.Ask(*ctl, control.End))
	r.AllocBytes = float64(stats.TotalAlloc-m.stats.TotalAlloc) / float64(n)
	r.Allocs = float64(stats.Mallocs-m.stats.Mallocs) / float64(n)
}
