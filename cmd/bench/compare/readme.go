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

// printReadme prints the table, after what a reader needs to know to judge it.
func printReadme(w io.Writer, chosen []cell, all map[string]runs) {
	fmt.Fprintf(w, "Measured on %s: %s. %s\n\n", time.Now().UTC().Format(time.DateOnly), machine(), versions())
	fmt.Fprintf(w, "The figures are the server's user and system CPU time in µs per message and, in parentheses, what bare TCP (`raw`) needs as a percentage of it; with compression also the bytes that it sends for each message; "+
		"for idle connections they are the memory of the process per connection. \"100 × 16\" is 100 connections with 16 messages in flight on each. "+
		"The last column is the geometric mean of the ratios to %s, over the scenarios in which a program takes part. Client and server run on the same machine, over loopback. "+
		"All figures are medians of %d repetitions, with a typical spread of ±%.0f %%; each ratio is taken within one repetition.\n\n",
		*base, *reps, 100*typicalSpread(chosen, all))
	printMatrix(w, chosen, all, againstBase(chosen, all))
}

// againstBase returns a column with the geometric mean of the ratios to -base.
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

// typicalSpread returns the median of the spreads of all costs.
func typicalSpread(chosen []cell, all map[string]runs) float64 {
	var spreads []float64
	for _, c := range chosen {
		for _, p := range all[c.name].peers() {
			if good := all[c.name].of(p); (c.table == costs || c.table == sizes) && len(good) > 1 {
				spreads = append(spreads, spread(good.values(cost)))
			}
		}
	}
	return median(spreads)
}

// machine describes the machine.
func machine() string {
	cpu := field("/proc/cpuinfo", "model name")
	kib, _ := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	return fmt.Sprintf("%d processors (%s), %d GiB, Linux %s", runtime.NumCPU(), cpu, (kib+1<<19)>>20, kernel())
}

// field returns the value of the first line of a file that begins with name and
// a colon.
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

// kernel returns the version of the kernel, without the suffix of the
// distribution.
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

// versions returns the versions of Go and of those compared libraries that have
// been built.
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
	if v, err := exec.Command(filepath.Join(*dir, "servers", bun), "--version").Output(); err == nil {
		said = append(said, "uWebSockets in Bun "+string(bytes.TrimSpace(v)))
	}
	if v, err := exec.Command(filepath.Join(*dir, "bin", "lws"), "-version").Output(); err == nil {
		said = append(said, "libwebsockets "+strings.TrimRight(string(v), "-\n"))
	}
	return fmt.Sprintf("%s; %s.", strings.Replace(goVersion, "go", "Go ", 1), strings.Join(said, ", "))
}

// nodeVersion returns the versions of npm's ws and of Node, or an empty string
// if they are missing.
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
