//go:build linux

// Command compare runs each scenario with all peers, in turn within each
// repetition (A B C, A B C, ...). It appends each run to a file and prints
// tables of medians and of ratios, each of which is taken within one
// repetition.
//
// It needs the programs that build.sh puts into bin.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	only       = flag.String("only", ".", "run or report the scenarios that match this regular expression, such as echo/ascii/125B/c100/i16")
	peerList   = flag.String("peers", "", "comma-separated programs to run; all by default")
	reps       = flag.Int("reps", 3, "repetitions")
	duration   = flag.Duration("duration", time.Second, "time measured in each run")
	base       = flag.String("base", "gws", "program that the ratios compare with; for clients, the one with this name and \"client\"")
	out        = flag.String("out", "", "file to which runs are appended; bin/results.jsonl by default")
	justReport = flag.Bool("report", false, "run nothing, and report the results in the file")
	brief      = flag.Bool("brief", false, "print one table of all scenarios")
	forFile    = flag.Bool("readme", false, "run the scenarios of the README's table, and print it")
	plotFile   = flag.String("plot", "", "run the growth scenarios and write a plot of them to this SVG file")
	profiles   = flag.String("profiles", "", "folder for CPU profiles of the Go programs")
	list       = flag.Bool("list", false, "only list the scenarios")
	dir        = flag.String("dir", ".", "this module's folder")
	pin        = flag.Bool("pin", false, "keep the measured program on processor 0 and the load on 1")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("compare: ")
	flag.Parse()
	raiseLimit()
	if *keepFor > 0 {
		if err := keep(os.Stdout, *keepFor); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *out == "" {
		*out = filepath.Join(*dir, "bin", "results.jsonl")
	}
	chosen := choose()
	if *before != "" {
		chosen = pairUp(chosen)
	}
	if *list {
		for _, c := range chosen {
			fmt.Println(c.name)
		}
		return
	}
	var start int64
	if !*justReport {
		leaveOut(chosen)
		start = time.Now().Unix()
		if err := runAll(chosen, start); err != nil {
			log.Fatal(err)
		}
	}
	all, err := readRuns(*out)
	if err != nil {
		log.Fatal(err)
	}
	if !*justReport {
		for name, l := range all {
			all[name] = slices.DeleteFunc(l, func(r run) bool { return r.Start != start })
		}
	}
	if err := show(chosen, all); err != nil {
		log.Fatal(err)
	}
}

// choose returns the scenarios that the flags select.
func choose() []cell {
	match := regexp.MustCompile(*only)
	chosen := slices.DeleteFunc(cells(), func(c cell) bool {
		growth := strings.HasPrefix(c.name, "growth/")
		return !match.MatchString(c.name) ||
			*forFile && !slices.Contains(readme, c.name) ||
			*plotFile != "" && !growth
	})
	if *forFile {
		for i, c := range chosen {
			chosen[i].peers = slices.DeleteFunc(c.peers, func(p peer) bool { return slices.Contains(notInReadme, p.name) })
		}
	}
	return chosen
}

func show(chosen []cell, all map[string]runs) error {
	switch {
	case *plotFile != "":
		return drawGrowth(*plotFile, all)
	case *before != "":
		printBefore(os.Stdout, chosen, all)
	case *forFile:
		printReadme(os.Stdout, chosen, all)
	case *brief:
		printMatrix(os.Stdout, chosen, all, nil)
	default:
		for _, c := range chosen {
			printCell(os.Stdout, c, all[c.name])
		}
	}
	return nil
}

// runAll runs the scenarios and appends the results to the file of -out.
func runAll(chosen []cell, start int64) error {
	f, err := os.OpenFile(*out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	results := json.NewEncoder(f)
	for _, c := range chosen {
		n := *reps
		if c.reps > 0 {
			n = min(n, c.reps)
		}
		for rep := range n {
			inTurn := slices.Clone(c.peers)
			if *before != "" && rep%2 == 1 { // running first or second may make a difference
				slices.Reverse(inTurn)
			}
			for _, p := range inTurn {
				r := run{Start: start, Cell: c.name, Peer: p.name, Rep: rep}
				if r.Result, err = once(c, p); err != nil {
					r.Err = err.Error()
					log.Printf("%s, %s: %v", c.name, p.name, err)
				}
				if err := results.Encode(r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func wanted(p peer) bool {
	return *peerList == "" || slices.Contains(strings.Split(*peerList, ","), p.name)
}
