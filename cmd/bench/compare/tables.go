//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// A column has a heading, and a function that returns its entry for a peer that
// has runs.
type column struct {
	title string
	cell  func(l runs, peer string) string
}

// figure returns a column of medians.
func figure(title, format string, m metric) column {
	return column{title, func(l runs, p string) string { return fmt.Sprintf(format, median(l.of(p).values(m))) }}
}

// inside returns a column of figures that the measured program reports itself,
// which only Go programs do.
func inside(title, format string, m metric) column {
	f := figure(title, format, m)
	return column{title, func(l runs, p string) string {
		if named(p)[0].kind == otherServer {
			return "–"
		}
		return f.cell(l, p)
	}}
}

// latency returns a column of figures that some scenarios do not have.
func latency(title string, m metric) column {
	return column{title, func(l runs, p string) string { return ratio("%.3g", median(l.of(p).values(m))) }}
}

// against returns a column of ratios to -base. Unless it is empty, name says
// which figure is compared.
func against(name string, m metric) column {
	return column{strings.TrimSpace(name + " ÷ " + *base), func(l runs, p string) string { return ratio("%.2f", l.paired(p, baseOf(p), m)) }}
}

func baseOf(p string) string {
	if named(p)[0].client() {
		return *base + "client"
	}
	return *base
}

func limitOf(p string) string {
	if named(p)[0].client() {
		return "rawclient"
	}
	return "raw"
}

// ofRaw returns the cost of bare TCP as a percentage of the cost of a peer.
func ofRaw(l runs, p string) string {
	r := l.paired(limitOf(p), p, cost)
	return ratio("%.0f%%", 100*r)
}

// ratio formats v, or returns a dash if v is 0, which stands for a missing
// figure.
func ratio(format string, v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

// sent returns how many bytes the measured program has sent for each message.
func sent(r *result.Result) float64 { return float64(r.WireBytes) / float64(max(r.Msgs, 1)) }

// The latencies of a result.
func p50(r *result.Result) float64  { return r.P50 }
func p99(r *result.Result) float64  { return r.P99 }
func p999(r *result.Result) float64 { return r.P999 }

// columns returns the columns of a kind of table, and the metric by which its
// rows are sorted.
func columns(t table) ([]column, metric) {
	switch t {
	case memory:
		return []column{
			figure("B/conn", "%.0f", weight),
			against("", weight),
			figure("B/conn, not collected", "%.0f", func(r *result.Result) float64 { return each(r, r.RSS1-r.RSS0) }),
			inside("heap B/conn", "%.0f", func(r *result.Result) float64 { return each(r, r.HeapGC-r.Heap0) }),
			inside("stack B/conn", "%.0f", func(r *result.Result) float64 { return each(r, r.StackGC-r.Stack0) }),
			inside("goroutines", "%.0f", func(r *result.Result) float64 { return float64(r.Goroutines) }),
			figure("CPU µs to open", "%.3g", cost),
		}, weight
	case latencies:
		return []column{
			figure("p50 µs", "%.0f", p50),
			figure("p99 µs", "%.0f", p99),
			figure("p99.9 µs", "%.0f", p999),
			figure("CPU µs/msg", "%.3g", cost),
			against("CPU", cost),
			against("p99", p99),
			against("p99.9", p999),
			figure("msgs/s", "%.0f", func(r *result.Result) float64 { return r.PerSec }),
		}, p50
	}
	if t == harm {
		return harms(), cpu
	}
	return []column{
		figure("CPU µs/msg", "%.3g", cost),
		{"spread", func(l runs, p string) string { return fmt.Sprintf("±%.0f%%", 100*spread(l.of(p).values(cost))) }},
		against("", cost),
		{"of raw", ofRaw},
		figure("msgs/s", "%.3g", func(r *result.Result) float64 { return r.PerSec }),
		figure("MB/s", "%.3g", func(r *result.Result) float64 { return r.MBPerSec }),
		latency("p50 µs", p50),
		latency("p99 µs", p99),
		figure("B sent/msg", "%.0f", sent),
		inside("allocs/msg", "%.2f", func(r *result.Result) float64 { return r.Allocs }),
		inside("B alloc/msg", "%.3g", func(r *result.Result) float64 { return r.AllocBytes }),
	}, cost
}

// A summary is a column with one figure for all scenarios of a peer.
type summary struct {
	title string
	of    func(peer string) string
}

// printCell prints the table of one scenario, with the cheapest peer first.
func printCell(w io.Writer, c cell, l runs) {
	if len(l) == 0 {
		return
	}
	cols, by := columns(c.table)
	fmt.Fprintf(w, "\n### %s\n\n| |", c.name)
	for _, col := range cols {
		fmt.Fprintf(w, " %s |", col.title)
	}
	fmt.Fprintf(w, "\n| --- %s|\n", strings.Repeat("| ---: ", len(cols)))
	for _, p := range sorted(l, by) {
		fmt.Fprintf(w, "| %s |", p)
		if len(l.of(p)) == 0 {
			fmt.Fprintf(w, " failed: %.60s |\n", strings.TrimSpace(l.failure(p)))
			continue
		}
		for _, col := range cols {
			fmt.Fprintf(w, " %s |", col.cell(l, p))
		}
		fmt.Fprintln(w)
	}
}

// sorted returns the names of the peers, with the cheapest first and those that
// failed last.
func sorted(l runs, by metric) []string {
	names := l.peers()
	rank := func(p string) float64 {
		if good := l.of(p); len(good) > 0 {
			return median(good.values(by))
		}
		return 1e18
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch x, y := rank(a), rank(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return names
}

// printMatrix prints one table, with a row for each peer and a column for each
// scenario, and one for summary unless it is nil.
func printMatrix(w io.Writer, chosen []cell, all map[string]runs, summary *summary) {
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(c cell) bool { return len(all[c.name]) == 0 })
	rows := map[string]bool{}
	fmt.Fprint(w, "| |")
	for _, c := range chosen {
		fmt.Fprintf(w, " %s |", c.title)
		for _, p := range all[c.name].peers() {
			rows[p] = true
		}
	}
	columns := len(chosen)
	if summary != nil {
		fmt.Fprintf(w, " %s |", summary.title)
		columns++
	}
	fmt.Fprintf(w, "\n| --- %s|\n", strings.Repeat("| ---: ", columns))
	for _, p := range peers {
		if !rows[p.name] {
			continue
		}
		fmt.Fprintf(w, "| %s |", p.name)
		for _, c := range chosen {
			fmt.Fprintf(w, " %s |", entry(c, all[c.name], p.name))
		}
		if summary != nil {
			fmt.Fprintf(w, " %s |", summary.of(p.name))
		}
		fmt.Fprintln(w)
	}
}

// entry returns the entry of a scenario and a peer in the table of all
// scenarios.
func entry(c cell, l runs, p string) string {
	good := l.of(p)
	switch {
	case len(good) == 0:
		return "–"
	case c.table == harm:
		return fmt.Sprintf("%.2f s, %.0f MiB, %.3g ms", median(good.values(cpu)), median(good.values(grown)), median(good.values(p99))/1e3)
	case c.table == memory:
		return fmt.Sprintf("%.1f KiB", median(good.values(weight))/1024)
	case c.table == latencies:
		return fmt.Sprintf("%.0f µs", median(good.values(p99)))
	case c.table == sizes:
		return fmt.Sprintf("%.3g, %.0f B", median(good.values(cost)), median(good.values(sent)))
	case named(p)[0].raw() || len(l.of(limitOf(p))) == 0:
		return fmt.Sprintf("%.3g", median(good.values(cost)))
	}
	return fmt.Sprintf("%.3g (%s)", median(good.values(cost)), ofRaw(l, p))
}
