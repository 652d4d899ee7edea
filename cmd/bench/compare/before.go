//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// before makes compare measure a change to the library: the programs that were
// built before it, and those that were built with it, in pairs.
var before = flag.String("before", "", "folder with the programs of an earlier build of the library: compare the library only with these, in pairs")

const beforeSuffix = " before"

// pairUp keeps only the library's own programs in each scenario, and adds the
// same programs from the folder of -before.
func pairUp(chosen []cell) []cell {
	var pairs []peer
	for _, p := range peers {
		if !strings.HasPrefix(p.name, "airsocket") {
			continue
		}
		was := p
		was.name += beforeSuffix
		was.bin = *before
		if was.program == "" {
			was.program = p.name
		}
		pairs = append(pairs, p, was)
	}
	peers = append(peers, slices.DeleteFunc(slices.Clone(pairs), func(p peer) bool { return p.bin == "" })...)
	for i, c := range chosen {
		chosen[i].peers = nil
		for _, p := range pairs {
			name := strings.TrimSuffix(p.name, beforeSuffix)
			if slices.ContainsFunc(c.peers, func(q peer) bool { return q.name == name }) {
				chosen[i].peers = append(chosen[i].peers, p)
			}
		}
	}
	return chosen
}

// printBefore prints a row for each scenario, program and figure, with the
// medians, and the median and quartiles of the ratios. Each ratio is taken
// within one repetition.
func printBefore(w io.Writer, chosen []cell, all map[string]runs) {
	fmt.Fprint(w, "| scenario | program | before | now | now ÷ before | quartiles | pairs |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range chosen {
		for _, p := range c.peers {
			if p.bin != "" {
				continue
			}
			if c.table != latencies {
				_, by := columns(c.table)
				printPair(w, c.name, p.name, all[c.name], by)
				continue
			}
			printPair(w, c.name+", CPU", p.name, all[c.name], cost)
			printPair(w, c.name+", p50", p.name, all[c.name], p50)
			printPair(w, c.name+", p99", p.name, all[c.name], p99)
			printPair(w, c.name+", p99.9", p.name, all[c.name], p999)
		}
	}
}

func printPair(w io.Writer, title, p string, l runs, by metric) {
	was := p + beforeSuffix
	ratios := l.ratios(p, was, by)
	if len(ratios) == 0 {
		fmt.Fprintf(w, "| %s | %s | – | – | – | – | 0 |\n", title, p)
		return
	}
	fmt.Fprintf(w, "| %s | %s | %.4g | %.4g | %.3f | %.3f to %.3f | %d |\n", title, p,
		median(l.of(was).values(by)), median(l.of(p).values(by)),
		median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75), len(ratios))
}
