//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// A run is one line of the file of results.
type run struct {
	Start  int64 // when compare was started, in Unix time; Rep counts from 0 in each start
	Cell   string
	Peer   string
	Rep    int
	Err    string `json:",omitempty"`
	Result *result.Result
}

// runs are the runs of one cell.
type runs []run

// readRuns reads the file of results. It returns the runs of each cell.
func readRuns(name string) (map[string]runs, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := map[string]runs{}
	for d := json.NewDecoder(f); ; {
		var r run
		switch err := d.Decode(&r); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all[r.Cell] = append(all[r.Cell], r)
	}
}

// of returns the runs of a peer that did not fail.
func (l runs) of(peer string) (good runs) {
	for _, r := range l {
		if r.Peer == peer && r.Err == "" && r.Result != nil {
			good = append(good, r)
		}
	}
	return good
}

// failure returns the error of the last run of a peer that failed.
func (l runs) failure(peer string) (why string) {
	for _, r := range l {
		if r.Peer == peer && r.Err != "" {
			why = r.Err
		}
	}
	return why
}

// peers returns the names of the peers that ran, in the order of the list of
// all peers.
func (l runs) peers() (names []string) {
	for _, p := range peers {
		if slices.ContainsFunc(l, func(r run) bool { return r.Peer == p.name }) {
			names = append(names, p.name)
		}
	}
	return names
}

// A metric returns one figure of a result.
type metric func(*result.Result) float64

func cost(r *result.Result) float64 { return r.CPUPerMsg }

// weight returns the memory of a connection in bytes, after a forced garbage
// collection.
func weight(r *result.Result) float64 { return each(r, r.RSSGC-r.RSS0) }

func each(r *result.Result, bytes int64) float64 { return float64(bytes) / float64(max(r.Conns, 1)) }

func (l runs) values(m metric) (v []float64) {
	for _, r := range l {
		v = append(v, m(r.Result))
	}
	return v
}

// paired returns the median of the ratios of p's figure to q's, or 0 if there
// are none.
func (l runs) paired(p, q string, m metric) float64 { return median(l.ratios(p, q, m)) }

// ratios returns the ratios of p's figure to q's. Both figures of a ratio are
// from the same repetition, so that other work on the machine affected both.
func (l runs) ratios(p, q string, m metric) (ratios []float64) {
	for _, x := range l.of(p) {
		for _, y := range l.of(q) {
			if x.Start == y.Start && x.Rep == y.Rep && m(y.Result) != 0 {
				ratios = append(ratios, m(x.Result)/m(y.Result))
			}
		}
	}
	return ratios
}

// quantile returns the q-quantile of v, interpolated between the two nearest
// values. v must not be empty.
func quantile(v []float64, q float64) float64 {
	v = slices.Sorted(slices.Values(v))
	at := q * float64(len(v)-1)
	low := int(at)
	high := min(low+1, len(v)-1)
	return v[low] + (at-float64(low))*(v[high]-v[low])
}

// median returns the median of v, or 0 if v is empty.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// spread returns half of the range of v, divided by its median.
func spread(v []float64) float64 {
	m := median(v)
	if m == 0 {
		return 0
	}
	return (slices.Max(v) - slices.Min(v)) / 2 / m
}
