//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

func TestMedianAndSpread(t *testing.T) {
	for _, test := range []struct {
		v              []float64
		median, spread float64
	}{
		{nil, 0, 0},
		{[]float64{3}, 3, 0},
		{[]float64{4, 1, 2}, 2, 0.75},
		{[]float64{1, 2, 3, 10}, 2.5, 1.8},
	} {
		before := slices.Clone(test.v)
		if got := median(test.v); got != test.median {
			t.Errorf("median(%v) = %v", test.v, got)
		}
		if got := spread(test.v); got != test.spread {
			t.Errorf("spread(%v) = %v", test.v, got)
		}
		if !slices.Equal(before, test.v) {
			t.Errorf("%v was sorted in place", before)
		}
	}
}

func ran(start int64, peer string, costs ...float64) (l runs) {
	for rep, c := range costs {
		l = append(l, run{Start: start, Cell: "echo", Peer: peer, Rep: rep, Result: &result.Result{CPUPerMsg: c}})
	}
	return l
}

func TestPairedByRepetition(t *testing.T) {
	l := slices.Concat(ran(1, "gws", 1), ran(1, "airsocket", 2, 100, 100))
	if got := l.paired("airsocket", "gws", cost); got != 2 {
		t.Errorf("paired = %v, want 2: repetitions were mixed", got)
	}
	l = append(l, ran(2, "airsocket", 1000)...)
	if got := l.paired("airsocket", "gws", cost); got != 2 {
		t.Errorf("paired = %v, want 2: commands were mixed", got)
	}
	l = append(l, run{Start: 1, Peer: "airsocket", Rep: 1, Err: "killed"})
	if got := l.paired("airsocket", "raw", cost); got != 0 {
		t.Errorf("without pairs: %v", got)
	}
	if got := l.failure("airsocket"); got != "killed" {
		t.Errorf("failure = %q", got)
	}
}

func TestTables(t *testing.T) {
	c := cells()[0]
	l := slices.Concat(ran(1, "raw", 1, 1), ran(1, "gws", 8, 8), ran(1, "airsocket", 2, 2))
	l = append(l, run{Start: 1, Peer: "xnet", Err: "exit status 1"})
	var b bytes.Buffer
	printCell(&b, c, l)
	for _, want := range []string{"| airsocket | 2 | ±0% | 0.25 | 50% |", "| xnet | failed: exit status 1 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	printMatrix(&b, cells(), map[string]runs{c.name: l}, againstBase(cells(), map[string]runs{c.name: l}))
	for _, want := range []string{"| airsocket | 2 (50%) | 0.25 |", "| raw | 1 | 0.13 |", "| xnet | – | – |", "| ÷ gws |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestBytesSentAreInTheTables(t *testing.T) {
	c := cell{name: "deflate", title: "deflate", table: sizes}
	l := runs{{Peer: "gws", Result: &result.Result{CPUPerMsg: 20, Msgs: 2, WireBytes: 588}}}
	var b bytes.Buffer
	printCell(&b, c, l)
	printMatrix(&b, []cell{c}, map[string]runs{"deflate": l}, nil)
	for _, want := range []string{"| 294 |", "| gws | 20, 294 B |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestLatenciesAreCompared(t *testing.T) {
	at := func(peer string, p50, p99, p999, cpu float64) run {
		return run{Peer: peer, Result: &result.Result{P50: p50, P99: p99, P999: p999, CPUPerMsg: cpu}}
	}
	c := cell{name: "rate", table: latencies, peers: named("airsocket")}
	l := runs{at("airsocket", 10, 20, 30, 4), at("airsocket before", 20, 80, 300, 3), at("gws", 10, 50, 40, 8)}
	var b bytes.Buffer
	printCell(&b, c, l)
	printBefore(&b, []cell{c}, map[string]runs{"rate": l})
	for _, want := range []string{
		"| p50 µs | p99 µs | p99.9 µs | CPU µs/msg | CPU ÷ gws | p99 ÷ gws | p99.9 ÷ gws |",
		"| airsocket | 10 | 20 | 30 | 4 | 0.50 | 0.40 | 0.75 |",
		"| rate, CPU | airsocket | 3 | 4 | 1.333 |",
		"| rate, p50 | airsocket | 20 | 10 | 0.500 |",
		"| rate, p99 | airsocket | 80 | 20 | 0.250 |",
		"| rate, p99.9 | airsocket | 300 | 30 | 0.100 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestNamesOfCells(t *testing.T) {
	var names []string
	for _, c := range cells() {
		if slices.Contains(names, c.name) {
			t.Errorf("two cells are called %s", c.name)
		}
		names = append(names, c.name)
		if len(c.peers) == 0 {
			t.Errorf("%s has no peers", c.name)
		}
	}
	for _, name := range notInReadme {
		if len(named(name)) == 0 {
			t.Errorf("there is no peer %s", name)
		}
	}
	for _, name := range readme {
		if !slices.Contains(names, name) {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestReadRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.jsonl")
	os.WriteFile(file, []byte(`{"Start":1,"Cell":"a","Peer":"gws","Rep":0,"Result":{"CPUPerMsg":3}}
{"Start":1,"Cell":"b","Peer":"gws","Rep":0,"Err":"no"}
`), 0o644)
	all, err := readRuns(file)
	if err != nil || len(all) != 2 || all["a"].of("gws")[0].Result.CPUPerMsg != 3 || len(all["b"].of("gws")) != 0 {
		t.Errorf("readRuns = %+v, %v", all, err)
	}
}

func TestDraw(t *testing.T) {
	var b bytes.Buffer
	cpu := []series{{"airsocket", false, []float64{4, 5, -1, 6}}, {"raw", true, []float64{3, 4, 5, 6}}}
	memory := []series{{"airsocket", false, []float64{3.5, 3.5, 3.5, 3.5}}}
	if err := draw(&b, growthSizes, cpu, memory); err != nil {
		t.Fatal(err)
	}
	for d, circles := xml.NewDecoder(&b), 0; ; {
		tok, err := d.Token()
		if err == io.EOF {
			if want := 3 + 4 + 4; circles != want {
				t.Errorf("%d points, want %d", circles, want)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "circle" {
			circles++
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Value, "-") || a.Value == "NaN" {
					t.Errorf("a point is out of the plot: %v", e.Attr)
				}
			}
		}
	}
}

func TestQuantile(t *testing.T) {
	v := []float64{4, 1, 3, 2, 5}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.875: 4.5, 1: 5} {
		if got := quantile(v, q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if got := quantile([]float64{7}, 0.25); got != 7 {
		t.Errorf("of one value: %v", got)
	}
}
