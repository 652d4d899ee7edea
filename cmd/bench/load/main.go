//go:build linux

// Command load drives one server, or is the server of one client program, with
// frames made beforehand, from a single epoll loop, so that it is cheap and the
// same for everyone. It prints one line of JSON, which has the CPU time of the
// process that -pid names. It runs on Linux only.
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
	addr     = flag.String("addr", "127.0.0.1:9001", "address of the server; with -mode serve, to listen on")
	ctl      = flag.String("ctl", "", "control address of the measured process, for its memory statistics")
	pid      = flag.Int("pid", 0, "the measured process, for its CPU time and memory")
	mode     = flag.String("mode", "echo", "echo, rate, broadcast, idle, handshake, or serve")
	raw      = flag.Bool("raw", false, "no protocol: an echo of as many bytes")
	secure   = flag.Bool("tls", false, "idle: over TLS")
	conns    = flag.Int("conns", 1, "connections")
	size     = flag.Int("size", 125, "bytes of payload")
	inflight = flag.Int("inflight", 1, "messages on the way on each connection")
	rate     = flag.Int("rate", 20000, "rate: messages a second, over all connections")
	charset  = flag.String("charset", "binary", "of the payload: binary, ascii, chinese, russian or json")
	compress = flag.String("compress", "off", "permessage-deflate to ask for: off, single (no context takeover) or takeover")
	touch    = flag.Bool("touch", false, "idle: echo one message on each connection first")
	warmup   = flag.Duration("warmup", 300*time.Millisecond, "time before measuring")
	duration = flag.Duration("duration", time.Second, "time measured")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("load: ")
	flag.Parse()
	if !frame.Charset(*charset).Valid() {
		log.Fatalf("no charset %q", *charset)
	}
	r := &result.Result{Conns: *conns}
	switch *mode {
	case "echo", "broadcast", "rate":
		stream(r)
	case "serve":
		serve(r)
	case "idle":
		idle(r)
	case "handshake":
		handshakes(r)
	default:
		log.Fatalf("no mode %q", *mode)
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

// cpu is the CPU time of the measured process.
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

// A measurement is what the measured process had used at its begin.
type measurement struct {
	stats    control.Stats
	cpu, own float64
	start    time.Time
}

func begin() measurement {
	return measurement{must(control.Ask(*ctl, control.Begin)), cpu(), must(proc.CPU(unix.Getpid())), time.Now()}
}

// end says in r what n messages have cost.
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
