//go:build linux

// Bench measures bots that talk to an echo server on the same machine, beside Node with npm ws
// doing the same. Run it in this folder, with node in the PATH, after npm install in
// ../../internal/test/interop/testdata/peers:
//
//	go run . -n 1000 -seconds 60 -rounds 3
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pause = 500  // milliseconds between two messages of a bot
	ramp  = 5000 // milliseconds in which the bots start
	ws    = "../../internal/test/interop/testdata/peers/node_modules/ws"
)

func main() {
	log.SetFlags(0)
	bots := flag.Int("n", 1000, "how many bots there are")
	seconds := flag.Int("seconds", 60, "how long each of them talks")
	rounds := flag.Int("rounds", 3, "how often each is measured, in turn")
	flag.Parse()
	if err := run(*bots, *seconds, *rounds); err != nil {
		log.Fatal(err)
	}
}

func run(bots, seconds, rounds int) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for folder, target := range map[string]string{"..": "./cmd/airsocket-bot", "../..": "./cmd/airsocket"} {
		build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), target)
		build.Dir, build.Stderr = folder, os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	server := exec.Command(filepath.Join(dir, "airsocket"), "serve", "-listen", "127.0.0.1:0")
	url, err := startServer(server)
	if err != nil {
		return err
	}
	defer server.Process.Kill()

	folder, err := filepath.Abs(ws)
	if err != nil {
		return err
	}
	n, gap, count, start := strconv.Itoa(bots), strconv.Itoa(pause), strconv.Itoa(seconds*1000/pause), strconv.Itoa(ramp)
	for range rounds {
		for _, who := range []struct {
			name    string
			command []string
		}{
			{"airsocket-bot", []string{filepath.Join(dir, "airsocket-bot"), "run", "-n", n, "-ramp", start + "ms", "-compress=false", "talk.js", url, gap, count}},
			{"Node, ws", []string{"node", "talk.cjs", folder, url, gap, count, n, start}},
		} {
			if err := measure(who.name, bots, who.command); err != nil {
				return fmt.Errorf("%s: %w", who.name, err)
			}
		}
	}
	return nil
}

// startServer starts a server, and returns its URL when it listens.
func startServer(cmd *exec.Cmd) (url string, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			return strings.Fields(url)[0], nil
		}
	}
	return "", fmt.Errorf("the server has not started: %w", cmd.Wait())
}

// measure runs a program whose bots print their times, and prints what it took.
func measure(name string, bots int, command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	elapsed := time.Since(began)
	var times []int
	done := 0
	for line := range strings.Lines(string(out)) {
		var of []int
		if err := json.Unmarshal([]byte(line[max(strings.LastIndexByte(line, '['), 0):]), &of); err != nil {
			return err
		}
		times = append(times, of...)
		done++
	}
	if done != bots || len(times) == 0 {
		return fmt.Errorf("%d of %d bots have come to an end", done, bots)
	}
	slices.Sort(times)
	at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))]) / 1000 }
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	fmt.Printf("%-13s %d answers, %.0f MiB, %.0f KiB each, %.1f %% of a core, %.0f µs for a message, median %.1f, 99 %% %.1f, longest %.1f ms\n",
		name, len(times), float64(usage.Maxrss)/1024, float64(usage.Maxrss)/float64(bots),
		100*cpu.Seconds()/elapsed.Seconds(), float64(cpu.Microseconds())/float64(len(times)), at(0.5), at(0.99), at(1))
	return nil
}
