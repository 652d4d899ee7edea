//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/proc"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

var (
	keepFor     = flag.Duration("keep", 0, "run no scenario, but keep idle connections to several servers of this library for this long, and print what they take")
	keepConns   = flag.Int("conns", 100_000, "keep: connections")
	keepServers = flag.Int("servers", 6, "keep: server processes, between which the connections are divided")
	keepPing    = flag.Duration("ping", time.Minute, "keep: how often the servers send a ping on each connection")
)

// keepPatience is how long it may take to open all connections, and to check
// that they are still there.
const keepPatience = 5 * time.Minute

var (
	errKeepSlow  = errors.New("the connections are not open, or do not answer, in time")
	errKeepEarly = errors.New("a load has ended early")
)

// A keeper is a server with its share of the connections, and the load that
// opens them.
type keeper struct {
	server, load *exec.Cmd
	addr, ctl    string
	conns        int
	stdin        io.Closer     // of the load; when it is closed, the load checks its connections
	opened       chan struct{} // closed when all connections are open
	result       result.Result // of the load

	// What the server has used: without connections, in the time in which they
	// were kept, and after a garbage collection at its end.
	empty, kept, collected usage
}

// usage is what a server has used.
type usage struct {
	cpu        float64
	rss, pss   int64
	heap       int64
	goroutines int
}

// keep opens the connections, keeps them for a time in which the servers only
// send pings, checks that each of them still answers, and prints what the
// servers and the kernel have used.
func keep(w io.Writer, d time.Duration) (err error) {
	all := make([]*keeper, max(*keepServers, 1))
	defer func() {
		for _, k := range all {
			k.kill()
		}
	}()
	for i := range all {
		conns := *keepConns * (i + 1) / len(all)
		conns -= *keepConns * i / len(all)
		if all[i], err = startServer(fmt.Sprintf("127.0.0.%d", 1+i%254), conns); err != nil {
			return err
		}
	}
	for _, k := range all {
		if k.empty, err = k.use(control.Collect); err != nil {
			return err
		}
	}
	kernelEmpty, err := proc.ReadKernel()
	if err != nil {
		return err
	}
	ended := make(chan error, len(all))
	for _, k := range all {
		if err := k.startLoad(ended); err != nil {
			return err
		}
	}
	if err := awaitOpen(all, ended); err != nil {
		return err
	}
	start := make([]float64, len(all))
	for i, k := range all {
		if start[i], err = proc.CPU(k.server.Process.Pid); err != nil {
			return err
		}
	}
	select {
	case err := <-ended:
		return errors.Join(errKeepEarly, err)
	case <-time.After(d):
	}
	for i, k := range all {
		if k.kept, err = k.use(control.Read); err != nil {
			return err
		}
		k.kept.cpu -= start[i]
	}
	for _, k := range all {
		if k.collected, err = k.use(control.Collect); err != nil {
			return err
		}
	}
	kernelKept, err := proc.ReadKernel()
	if err != nil {
		return err
	}
	if err := awaitAnswers(all, ended); err != nil {
		return err
	}
	printKept(w, all, d, kernelEmpty, kernelKept)
	return nil
}

// startServer starts a server on an address of its own.
func startServer(ip string, conns int) (*keeper, error) {
	k := &keeper{conns: conns, opened: make(chan struct{})}
	var err error
	if k.addr, err = freeAddr(ip); err != nil {
		return k, err
	}
	if k.ctl, err = freeAddr(ip); err != nil {
		return k, err
	}
	c := cell{name: "keep", server: args("-ping %s", *keepPing)}
	k.server = command(c, named("airsocket")[0], k.addr, k.ctl)
	if err := k.server.Start(); err != nil {
		return k, err
	}
	return k, await(k.addr)
}

// startLoad starts the load. What comes of it is sent to ended.
func (k *keeper) startLoad(ended chan<- error) error {
	load := exec.Command(filepath.Join(*dir, "bin", "load"), "-mode", "keep", "-addr", k.addr, "-conns", fmt.Sprint(k.conns))
	load.Stderr = os.Stderr
	in, err := load.StdinPipe()
	if err != nil {
		return err
	}
	out, err := load.StdoutPipe()
	if err != nil {
		return err
	}
	if err := load.Start(); err != nil {
		return err
	}
	k.load, k.stdin = load, in
	go func() {
		lines := bufio.NewReader(out)
		_, err := lines.ReadString('\n')
		if err == nil {
			close(k.opened)
			err = json.NewDecoder(lines).Decode(&k.result)
		}
		ended <- errors.Join(err, load.Wait())
	}()
	return nil
}

// awaitOpen waits until all connections are open.
func awaitOpen(all []*keeper, ended <-chan error) error {
	slow := time.After(keepPatience)
	for _, k := range all {
		select {
		case <-k.opened:
		case err := <-ended:
			return errors.Join(errKeepEarly, err)
		case <-slow:
			return errKeepSlow
		}
	}
	return nil
}

// awaitAnswers lets the loads check that every connection still answers.
func awaitAnswers(all []*keeper, ended <-chan error) error {
	slow := time.After(keepPatience)
	for _, k := range all {
		k.stdin.Close()
	}
	for range all {
		select {
		case err := <-ended:
			if err != nil {
				return err
			}
		case <-slow:
			return errKeepSlow
		}
	}
	return nil
}

// use returns what the server has used, after a garbage collection if c asks for
// one.
func (k *keeper) use(c control.Command) (u usage, err error) {
	pid := k.server.Process.Pid
	m, err := control.Ask(k.ctl, c)
	if err != nil {
		return u, err
	}
	u.heap, u.goroutines = int64(m.HeapAlloc), m.Goroutines
	if u.cpu, err = proc.CPU(pid); err != nil {
		return u, err
	}
	if u.rss, err = proc.RSS(pid); err != nil {
		return u, err
	}
	u.pss, err = proc.PSS(pid)
	return u, err
}

func (k *keeper) kill() {
	if k == nil {
		return
	}
	if k.load != nil {
		k.load.Process.Kill()
	}
	if k.server != nil && k.server.Process != nil {
		k.server.Process.Kill()
		k.server.Wait()
	}
}

// printKept prints a row for each server, one for all of them, and what the
// kernel has used.
func printKept(w io.Writer, all []*keeper, d time.Duration, before, after proc.Kernel) {
	fmt.Fprintf(w, "All connections answered after %v.\n\n", d)
	fmt.Fprint(w, "| server | connections | pings | CPU s | RSS MiB, empty | RSS MiB | RSS MiB, collected | Pss MiB | heap MiB | goroutines | RSS B/conn | heap B/conn |\n"+
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	sum := &keeper{addr: "all"}
	for _, k := range all {
		k.print(w)
		sum.add(k)
	}
	sum.print(w)
	conns := int64(max(sum.conns, 1))
	fmt.Fprintf(w, "\nIn this time the servers used %.2f %% of one processor, %.0f µs for each ping.\n",
		100*sum.kept.cpu/d.Seconds(), 1e6*sum.kept.cpu/float64(max(sum.result.Pings, 1)))
	fmt.Fprintf(w, "The kernel uses %.1f MiB more in slabs and %.1f MiB more in buffers of TCP: %d bytes for each connection, with both of its ends. "+
		"It has %d more sockets and %d more open files.\n",
		mib(after.Slab-before.Slab), mib(after.TCP-before.TCP), (after.Slab-before.Slab+after.TCP-before.TCP)/conns,
		after.Sockets-before.Sockets, after.Files-before.Files)
}

func (k *keeper) print(w io.Writer) {
	conns := int64(max(k.conns, 1))
	fmt.Fprintf(w, "| %s | %d | %d | %.2f | %.1f | %.1f | %.1f | %.1f | %.1f | %d | %d | %d |\n", k.addr, k.conns, k.result.Pings, k.kept.cpu,
		mib(k.empty.rss), mib(k.kept.rss), mib(k.collected.rss), mib(k.collected.pss), mib(k.collected.heap), k.collected.goroutines,
		(k.collected.rss-k.empty.rss)/conns, (k.collected.heap-k.empty.heap)/conns)
}

// add adds the figures of another keeper.
func (k *keeper) add(other *keeper) {
	k.conns += other.conns
	k.result.Pings += other.result.Pings
	k.empty.add(other.empty)
	k.kept.add(other.kept)
	k.collected.add(other.collected)
}

func (u *usage) add(other usage) {
	u.cpu += other.cpu
	u.rss += other.rss
	u.pss += other.pss
	u.heap += other.heap
	u.goroutines += other.goroutines
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
