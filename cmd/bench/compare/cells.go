//go:build linux

package main

import (
	"fmt"
	"strings"
)

// A cell is one scenario with its parameters.
type cell struct {
	name   string
	title  string   // the heading of its column
	load   []string // arguments of load
	server []string // arguments of the measured program
	unix   bool     // over a Unix socket instead of TCP
	procs  int      // GOMAXPROCS of the measured program, if it is in Go; 0: the default
	peers  []peer
	table  table
	reps   int // maximum number of repetitions; 0: only -reps counts
}

// table selects the figures that are printed for a cell.
type table int

const (
	costs     table = iota // CPU time per message
	sizes                  // with the bytes sent for each message
	memory                 // of idle connections
	latencies              // at a fixed rate
	harm                   // of floods
)

// cells returns all scenarios.
func cells() []cell {
	var all []cell
	all = append(all, echoes()...)
	all = append(all, encrypted()...)
	all = append(all, compressed()...)
	all = append(all, idles()...)
	all = append(all, others()...)
	all = append(all, floods()...)
	return append(all, growths()...)
}

// echoes returns the scenarios in which messages are sent back. In their names,
// c is the number of connections and i the number of messages in flight on
// each.
func echoes() (all []cell) {
	for _, e := range []struct {
		charset               string
		size, conns, inflight int
	}{
		{"ascii", 16, 100, 1}, {"ascii", 16, 100, 16},
		{"ascii", 125, 1, 1}, {"ascii", 125, 100, 1}, {"ascii", 125, 100, 16}, {"ascii", 125, 1000, 1}, {"ascii", 125, 1000, 16},
		{"ascii", 125, 10000, 1}, {"ascii", 125, 19000, 1},
		{"ascii", 1 << 10, 100, 1}, {"ascii", 1 << 10, 100, 16}, {"ascii", 1 << 10, 1000, 1},
		{"binary", 16, 100, 16}, {"binary", 125, 100, 16},
		{"binary", 1 << 10, 100, 16}, {"chinese", 1 << 10, 100, 16}, {"russian", 1 << 10, 100, 16},
		{"binary", 4 << 10, 100, 1}, {"binary", 4 << 10, 100, 16},
		{"binary", 16 << 10, 100, 1}, {"binary", 16 << 10, 100, 16},
		{"binary", 64 << 10, 100, 1},
		{"binary", 1 << 20, 1, 1}, {"binary", 1 << 20, 1, 16}, {"binary", 1 << 20, 100, 1},
	} {
		c := cell{
			name:  fmt.Sprintf("echo/%s/%s/c%d/i%d", e.charset, bytesName(e.size), e.conns, e.inflight),
			title: fmt.Sprintf("%s %s, %d × %d", bytesTitle(e.size), e.charset, e.conns, e.inflight),
			load:  args("-mode echo -charset %s -size %d -conns %d -inflight %d", e.charset, e.size, e.conns, e.inflight),
			peers: servers("airsockethttp"),
		}
		if e.conns >= 10000 { // one round takes about a quarter of a second
			c.load = append(c.load, "-warmup", "1s")
		}
		if e.conns > 10000 { // lws, which uses poll, would need minutes to open the connections
			c.peers = servers("airsockethttp", "lws")
		}
		all = append(all, c)
	}
	return all
}

// encrypted returns the echoes over TLS.
func encrypted() (all []cell) {
	for _, e := range []struct {
		charset string
		size    int
	}{{"ascii", 125}, {"binary", 16 << 10}} {
		all = append(all, cell{
			name:   fmt.Sprintf("echo/tls/%s/c100/i1", bytesName(e.size)),
			title:  fmt.Sprintf("TLS, %s %s, 100 × 1", bytesTitle(e.size), e.charset),
			load:   args("-mode echo -tls -charset %s -size %d -conns 100", e.charset, e.size),
			server: []string{"-tls"},
			peers:  named("airsocket", "airsocketdefault", "airsockethttp", "raw", "gws", "gorilla"),
		})
	}
	return all
}

// compressed returns the echoes with permessage-deflate, without and with
// context takeover.
func compressed() (all []cell) {
	for _, size := range []int{1 << 10, 16 << 10} {
		for _, how := range []string{"single", "takeover"} {
			c := cell{
				name:   fmt.Sprintf("deflate/%s/%s/c50/i1", how, bytesName(size)),
				title:  fmt.Sprintf("deflate (%s) %s", how, bytesTitle(size)),
				load:   args("-mode echo -compress %s -charset json -size %d -conns 50", how, size),
				server: args("-compress %s", how),
				peers:  servers("airsockethttp", "raw", "rawepoll", "gobwaslow", "xnet"),
				table:  sizes,
			}
			if how == "takeover" {
				c.peers = named("airsocket", "airsocketdefault", "gws", "coder", "nodews", "uwebsockets")
			}
			all = append(all, c)
		}
	}
	return all
}

// idles returns the scenarios with connections that do nothing.
func idles() []cell {
	few := named("airsocket", "airsockethttp", "raw", "rawheld", "gws", "gorilla")
	return []cell{
		{
			name:  "idle/c10000",
			title: "idle, never sent",
			load:  args("-mode idle -conns 10000"),
			peers: servers(), table: memory, reps: 1,
		},
		{
			name:  "idle/echoed/c10000",
			title: "idle, after an echo",
			load:  args("-mode idle -state echoed -conns 10000"),
			peers: append(servers("lws"), named("rawheld")...), table: memory, reps: 1,
		},
		{
			name:  "idle/connected/c10000",
			title: "half-open, nothing sent",
			load:  args("-mode idle -state connected -conns 10000"),
			peers: servers("rawepoll"), table: memory, reps: 1,
		},
		{
			name:  "idle/halfhead/c10000",
			title: "half-open, half a head",
			load:  args("-mode idle -state halfhead -conns 10000"),
			peers: servers("raw", "rawepoll"), table: memory, reps: 1,
		},
		{
			name:  "idle/unix/c10000",
			title: "idle, Unix socket",
			load:  args("-mode idle -state echoed -conns 10000"),
			unix:  true,
			peers: append(few, named("uwebsockets")...), table: memory, reps: 1,
		},
		{
			name:   "idle/tls/c3000",
			title:  "idle, TLS",
			load:   args("-mode idle -state echoed -tls -conns 3000"),
			server: []string{"-tls"},
			peers:  few, table: memory, reps: 1,
		},
	}
}

// others returns the scenarios for broadcasts, handshakes, the client role and
// latencies.
func others() []cell {
	all := []cell{{
		name:  "handshake",
		title: "handshake",
		load:  args("-mode handshake -conns 8"),
		peers: servers("raw", "rawepoll"),
	}}
	for _, n := range []int{1000, 10000} {
		all = append(all, cell{
			name:   fmt.Sprintf("broadcast/125B/c%d", n),
			title:  fmt.Sprintf("broadcast to %d", n),
			load:   args("-mode broadcast -conns %d", n),
			server: []string{"-broadcast"},
			peers:  named("airsocket", "airsocketdefault", "gws", "gobwas", "gorilla", "coder", "nbio", "nodews", "uwebsockets"),
		})
	}
	for _, e := range []struct {
		size, conns, inflight int
	}{{125, 1000, 1}, {125, 1000, 16}, {16 << 10, 1000, 1}, {125, 10000, 1}} {
		message := args("-charset %s -size %d -conns %d -inflight %d", map[bool]string{true: "ascii", false: "binary"}[e.size < 1<<10], e.size, e.conns, e.inflight)
		all = append(all, cell{
			name:   fmt.Sprintf("client/%s/c%d/i%d", bytesName(e.size), e.conns, e.inflight),
			title:  fmt.Sprintf("client, %s, %d × %d", bytesTitle(e.size), e.conns, e.inflight),
			load:   append([]string{"-mode", "serve"}, message...),
			server: message,
			peers:  clients(),
		})
	}
	message := args("-conns 10000")
	all = append(all, cell{
		name:   "client/idle/c10000",
		title:  "client, idle",
		load:   append([]string{"-mode", "hold"}, message...),
		server: message,
		peers:  clients(), table: memory, reps: 1,
	})
	for _, procs := range []int{0, 1, 2, 8} {
		c := cell{
			name:  "rate/125B/c1000/20000",
			title: "latency",
			load:  args("-mode rate -charset ascii -conns 1000 -rate 20000 -duration 4s"),
			procs: procs,
			peers: servers("airsockethttp", "rawepoll"),
			table: latencies,
		}
		if procs > 0 {
			c.name += fmt.Sprintf("/p%d", procs)
			c.title += fmt.Sprintf(", GOMAXPROCS %d", procs)
		}
		all = append(all, c)
	}
	return all
}

// growthSizes are the numbers of connections in the plot.
var growthSizes = []int{100, 1000, 10000, 19000}

func growthPeers() []peer {
	return named("airsocket", "airsocketdefault", "raw", "gws", "gobwaslow", "gorilla")
}

// growths returns the scenarios of the plot.
func growths() (all []cell) {
	for _, n := range growthSizes {
		all = append(all, cell{
			name:  fmt.Sprintf("growth/cpu/c%d", n),
			title: fmt.Sprintf("CPU, %d", n),
			load:  args("-mode echo -charset ascii -conns %d -warmup 1s", n),
			peers: growthPeers(),
		}, cell{
			name:  fmt.Sprintf("growth/memory/c%d", n),
			title: fmt.Sprintf("memory, %d", n),
			load:  args("-mode idle -state echoed -conns %d", n),
			peers: growthPeers(), table: memory, reps: 1,
		})
	}
	return all
}

// readme has the names of the cells in the table of cmd/bench/README.md.
var readme = []string{
	"echo/ascii/16B/c100/i16",
	"echo/ascii/125B/c100/i1",
	"echo/ascii/125B/c100/i16",
	"echo/ascii/1KiB/c100/i16",
	"echo/ascii/125B/c1000/i1",
	"echo/binary/16KiB/c100/i1",
	"echo/binary/1MiB/c100/i1",
	"deflate/single/1KiB/c50/i1",
	"broadcast/125B/c1000",
	"handshake",
	"idle/echoed/c10000",
}

// notInReadme has the names of the peers that this table leaves out.
var notInReadme = []string{"rawepoll", "xnet"}

func args(format string, a ...any) []string { return strings.Fields(fmt.Sprintf(format, a...)) }

func bytesName(n int) string { return strings.ReplaceAll(bytesTitle(n), " ", "") }

func bytesTitle(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
