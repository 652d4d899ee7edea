//go:build linux

package main

import (
	"fmt"

	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// floods returns the scenarios in which connections attack the server, and another
// one sends it messages. The work is the same for all servers.
func floods() (all []cell) {
	for _, f := range []struct {
		attack, title string
		conns         int
	}{
		{"pings", "30,000 pings, pongs read", 30},
		{"pings-unread", "100,000 pings, pongs not read", 30},
		{"pongs", "200,000 unasked pongs", 30},
		{"empty-texts", "20,000 empty texts", 30},
		{"fragments", "a million fragments of a byte", 30},
		{"empty-fragments", "300,000 empty fragments", 30},
		{"control-between", "10,000 fragments with pings between them", 30},
		{"closes", "10 times 100,000 close frames", 30},
		{"pipelined", "20 times 2,000 messages behind the request", 30},
		{"length", "50 times a length of 2^63", 30},
		{"claim", "16 MiB claimed, a byte sent", 1000},
		{"bombs", "4 messages of 16 KiB that inflate to 16 MiB", 30},
		{"tables", "256 KiB of deflate tables", 30},
		{"heads", "a head of 20 KiB without end", 1000},
		{"half-open", "half a head", 3000},
		{"offers", "34 times offers of 15 KiB", 30},
		{"short-offers", "34 times 7,500 unknown offers", 30},
		{"cookies", "34 times cookies of 15 KiB", 30},
		{"unread", "64 MiB sent, nothing read", 20},
	} {
		c := cell{
			name:   "flood/" + f.attack,
			title:  fmt.Sprintf("%d × %s", f.conns, f.title),
			load:   args("-mode flood -attack %s -conns %d", f.attack, f.conns),
			server: []string{"-flood"},
			peers:  named("airsocket", "airsocketdefault", "gws", "gorilla", "nodews"),
			table:  harm,
		}
		switch f.attack {
		case "bombs", "tables":
			c.load = append(c.load, "-compress", "single")
			fallthrough
		case "offers", "short-offers":
			c.server = append(c.server, "-compress", "single")
		}
		all = append(all, c)
	}
	return all
}

// cpu returns the CPU time of the measured program, in seconds.
func cpu(r *result.Result) float64 { return r.CPU }

// grown returns by how much the memory has grown at most, in MiB.
func grown(r *result.Result) float64 { return mib(r.Peak - r.RSS0) }

// harms returns the columns of floods.
func harms() []column {
	return []column{
		figure("CPU s", "%.2f", cpu),
		{"spread", func(l runs, p string) string { return fmt.Sprintf("±%.0f%%", 100*spread(l.of(p).values(cpu))) }},
		figure("peak MiB", "%.0f", func(r *result.Result) float64 { return mib(r.Peak) }),
		figure("grown MiB", "%.1f", grown),
		against("CPU", cpu),
		against("grown", grown),
		figure("p99 ms", "%.3g", func(r *result.Result) float64 { return r.P99 / 1e3 }),
		against("p99", p99),
		figure("probes", "%.0f", func(r *result.Result) float64 { return float64(r.Probes) }),
		figure("ended", "%.0f", func(r *result.Result) float64 { return float64(r.Ended) }),
		figure("stalled", "%.0f", func(r *result.Result) float64 { return float64(r.Stalled) }),
		figure("s", "%.1f", func(r *result.Result) float64 { return r.Secs }),
	}
}
