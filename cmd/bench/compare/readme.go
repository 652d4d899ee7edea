//go:build linux

package main

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// printReadme prints the table with what a reader needs to judge it.
func printReadme(w io.Writer, chosen []cell, all map[string]runs) {
	fmt.Fprintf(w, "Measured on %s: %s. %s\n\n", time.Now().UTC().Format(time.DateOnly), machine(), versions())
	fmt.Fprintf(w, "The figures are the server's CPU time in µs for each message, user and system, and how much of that bare TCP (`raw`) needs; "+
		"for idle connections they are the memory of the process for each. \"100 × 16\" is 100 connections with 16 messages on the way on each. "+
		"The last column is the geometric mean of the ratios to %s, over the scenarios that a program has taken part in. Client and server share the machine, over loopback. "+
		"All are medians of %d repetitions, whose typical spread is ±%.0f %%; ratios are taken within one repetition.\n\n",
		*base, *reps, 100*typicalSpread(chosen, all))
	printMatrix(w, chosen, all, againstBase(chosen, all))
}

// againstBase is the geometric mean of the ratios to the base of the flags.
func againstBase(chosen []cell, all map[string]runs) *summary {
	return &summary{"÷ " + *base, func(p string) string {
		logs, n := 0.0, 0
		for _, c := range chosen {
			_, by := columns(c.table)
			if r := all[c.name].paired(p, baseOf(p), by); r > 0 {
				logs, n = logs+math.Log(r), n+1
			}
		}
		if n == 0 {
			return "–"
		}
		return fmt.Sprintf("%.2f", math.Exp(logs/float64(n)))
	}}
}

// typicalSpread is the median of the spreads of all costs.
func typicalSpread(chosen []cell, all map[string]runs) float64 {
	var spreads []float64
	for _, c := range chosen {
		for _, p := range all[c.name].peers() {
			if good := all[c.name].of(p); c.table == costs && len(good) > 1 {
				spreads = append(spreads, spread(good.values(cost)))
			}
		}
	}
	return median(spreads)
}

// machine says what it all ran on.
func machine() string {
	cpu := field("/proc/cpuinfo", "model name")
	kib, _ := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	return fmt.Sprintf("%d processors (%s), %d GiB, Linux %s", runtime.NumCPU(), cpu, (kib+1<<19)>>20, kernel())
}

// field is the value of the first line of a file that has that name.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// kernel is the version without what a distribution adds to it.
func kernel() string {
	var u syscall.Utsname
	if syscall.Uname(&u) != nil {
		return "unknown"
	}
	var b []byte
	for _, c := range u.Release {
		if c == 0 || c == '-' {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}

// versions is those of what was compared, as far as it is built.
func versions() string {
	var said []string
	seen := map[string]bool{ownModule: true}
	goVersion := runtime.Version()
	for _, p := range peers {
		if p.module == "" || seen[p.module] {
			continue
		}
		info, err := buildinfo.ReadFile(filepath.Join(*dir, "bin", p.name))
		if err != nil {
			continue
		}
		goVersion = info.GoVersion
		for _, m := range info.Deps {
			if m.Path == p.module {
				seen[p.module] = true
				said = append(said, strings.TrimPrefix(m.Path, "github.com/")+" "+strings.TrimPrefix(m.Version, "v"))
			}
		}
	}
	if v := nodeVersion(); v != "" {
		said = append(said, v)
	}
	if v, err := exec.Command(filepath.Join(*dir, "bin", "lws"), "-version").Output(); err == nil {
		said = append(said, "libwebsockets "+strings.TrimRight(string(v), "-\n"))
	}
	return fmt.Sprintf("%s; %s.", strings.Replace(goVersion, "go", "Go ", 1), strings.Join(said, ", "))
}

// nodeVersion is those of npm's ws and Node.
func nodeVersion() string {
	script := `console.log("npm ws " + require("./node_modules/ws/package.json").version + " on Node " + process.versions.node)`
	node := exec.Command("node", "-e", script)
	node.Dir = filepath.Join(*dir, "servers")
	v, err := node.Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(v))
}
