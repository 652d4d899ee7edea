//go:build unix

// Bench measures what it takes to bring a message from a socket on one node to 1,000
// sockets on two others, beside a bare round trip through NATS and the delivery to as many
// sockets on a single node. See the README of the module.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"
)

func main() {
	log.SetFlags(0)
	var b bench
	role := flag.String("role", "", "what this process is for the one that has started it")
	natsURL := flag.String("nats", "", "URL of the NATS server, for a role")
	flag.IntVar(&b.sockets, "sockets", 1000, "number of sockets that receive")
	flag.IntVar(&b.size, "size", 125, "length of a message in bytes, at least 8")
	flag.IntVar(&b.reps, "reps", 5, "number of repetitions")
	flag.DurationVar(&b.time, "time", 5*time.Second, "length of each measurement")
	flag.IntVar(&b.rate, "rate", 0, "messages per second; 0 for half of the highest rate")
	flag.Parse()
	var err error
	if *role != "" {
		err = runRole(*role, *natsURL)
	} else if b.size < 8 || b.sockets < 2 || b.reps < 1 {
		err = fmt.Errorf("-size must be at least 8, -sockets 2, and -reps 1")
	} else {
		err = b.run(os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// A bench has the settings of a run.
type bench struct {
	sockets, size, reps, rate int
	time                      time.Duration
}

// A figure is what was measured of one way to deliver messages.
type figure struct {
	p50, p99 time.Duration
	cpu      time.Duration // for each delivery
}

func (b *bench) run(stdout io.Writer) error {
	var all children
	defer all.stop()
	broker, err := all.start("nats", "")
	if err != nil {
		return err
	}
	natsURL := broker.url
	var started []*child
	for _, role := range []string{"node", "node", "node", "echo", "requester"} {
		c, err := all.start(role, natsURL)
		if err != nil {
			return err
		}
		started = append(started, c)
	}
	nodes, echo, requester := started[:3], started[3], started[4]
	single, err := all.start("node", "")
	if err != nil {
		return err
	}

	across, err := newLoad(b, nodes[0].url, nodes[1].url, nodes[2].url)
	if err != nil {
		return err
	}
	local, err := newLoad(b, single.url, single.url)
	if err != nil {
		return err
	}
	highest, err := across.highestRate(b.time)
	if err != nil {
		return err
	}
	rate := cmp.Or(b.rate, highest/2)
	if rate == 0 {
		return fmt.Errorf("the highest rate, %d messages per second, is too low", highest)
	}
	log.Printf("the highest rate is %d messages per second; measuring at %d", highest, rate)

	var bare, alone, cluster []figure
	for rep := range b.reps {
		log.Printf("repetition %d of %d", rep+1, b.reps)
		one, err := measureBare(requester, []*child{broker, echo, requester}, rate, b)
		if err != nil {
			return err
		}
		two, err := local.measure(rate, b.time, []*child{single})
		if err != nil {
			return err
		}
		three, err := across.measure(rate, b.time, append([]*child{broker}, nodes...))
		if err != nil {
			return err
		}
		bare, alone, cluster = append(bare, one), append(alone, two), append(cluster, three)
	}
	b.print(stdout, highest, rate, bare, alone, cluster)
	return nil
}

// print prints the table of the README. Ratios are taken within each repetition.
func (b *bench) print(stdout io.Writer, highest, rate int, bare, alone, cluster []figure) {
	var sums, ratios [][3]float64
	for i := range bare {
		one, two, three := bare[i].values(), alone[i].values(), cluster[i].values()
		var sum, ratio [3]float64
		for k := range sum {
			sum[k] = one[k] + two[k]
			ratio[k] = three[k] / sum[k]
		}
		sums, ratios = append(sums, sum), append(ratios, ratio)
	}
	fmt.Fprintf(stdout, "\n%d sockets, %d bytes, %d messages per second (the highest rate is %d), %d repetitions of %v, GOMAXPROCS=%d, %s\n\n",
		b.sockets, b.size, rate, highest, b.reps, b.time, runtime.GOMAXPROCS(0), runtime.Version())
	fmt.Fprintln(stdout, "| | p50, µs | p99, µs | CPU per delivery, µs |")
	fmt.Fprintln(stdout, "| --- | ---: | ---: | ---: |")
	row := func(name string, values [][3]float64) {
		fmt.Fprintf(stdout, "| %s | %s | %s | %s |\n", name, short(median(values, 0)), short(median(values, 1)), short(median(values, 2)))
	}
	row("bare NATS round trip", valuesOf(bare))
	row(fmt.Sprintf("delivery to %d sockets on one node", b.sockets), valuesOf(alone))
	row("both together", sums)
	row(fmt.Sprintf("from node A to %d sockets on B and C", b.sockets), valuesOf(cluster))
	row("ratio", ratios)
}

// short returns v with about three digits.
func short(v float64) string {
	decimals := 0
	for limit := 100.0; v < limit && decimals < 3; limit /= 10 {
		decimals++
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// values returns the figure in µs.
func (f figure) values() (v [3]float64) {
	for k, d := range []time.Duration{f.p50, f.p99, f.cpu} {
		v[k] = float64(d) / float64(time.Microsecond)
	}
	return v
}

func valuesOf(figures []figure) (all [][3]float64) {
	for _, f := range figures {
		all = append(all, f.values())
	}
	return all
}

func median(values [][3]float64, k int) float64 {
	var column []float64
	for _, v := range values {
		column = append(column, v[k])
	}
	slices.Sort(column)
	return column[len(column)/2]
}

// percentiles returns the 50th and 99th percentile of latencies in ns.
func percentiles(latencies []int64) (p50, p99 time.Duration) {
	if len(latencies) == 0 {
		return 0, 0
	}
	slices.Sort(latencies)
	return time.Duration(latencies[len(latencies)/2]), time.Duration(latencies[len(latencies)*99/100])
}
