//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/address"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// patience is how long one run may take.
const patience = 60 * time.Second

// raiseLimit lets the programs have as many connections as the system allows.
func raiseLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		l.Cur = l.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	}
}

// once starts the program of p, measures it under load, and stops it.
func once(c cell, p peer) (*result.Result, error) {
	addr, err := freeAddr("127.0.0.1")
	if err != nil {
		return nil, err
	}
	if c.unix {
		addr = fmt.Sprintf("unix:@airsocket-bench-%d", os.Getpid())
	}
	ctl := ""
	if p.kind != otherServer {
		if ctl, err = freeAddr("127.0.0.1"); err != nil {
			return nil, err
		}
	}
	measured := command(c, p, addr, ctl)
	if err := measured.Start(); err != nil {
		return nil, err
	}
	defer func() {
		measured.Process.Kill()
		measured.Wait()
	}()
	if !p.client() {
		if err := await(addr); err != nil {
			return nil, err
		}
	}
	// The arguments of the scenario come last, so that it can override
	// -duration.
	load := []string{"-addr", addr, "-ctl", ctl, "-duration", duration.String(), "-pid", fmt.Sprint(measured.Process.Pid)}
	if p.raw() {
		load = append(load, "-raw")
	}
	return runLoad(append(load, c.load...))
}

// command returns the command that starts the measured program.
func command(c cell, p peer, addr, ctl string) *exec.Cmd {
	line := append(p.line(), "-addr", addr)
	if ctl != "" {
		line = append(line, "-ctl", ctl)
		if *profiles != "" {
			file := strings.ReplaceAll(c.name, "/", "-") + "-" + p.name + ".pprof"
			line = append(line, "-cpuprofile", filepath.Join(*profiles, file))
		}
	}
	line = append(append(line, p.args...), c.server...)
	cmd := pinned("0", line)
	if c.procs > 0 {
		cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", c.procs))
	}
	return cmd
}

// pinned returns a command that -pin keeps on the processors in list.
func pinned(list string, line []string) *exec.Cmd {
	if *pin {
		line = append([]string{"taskset", "-c", list}, line...)
	}
	return exec.Command(line[0], line[1:]...)
}

func runLoad(arguments []string) (*result.Result, error) {
	load := pinned("1", append([]string{filepath.Join(*dir, "bin", "load")}, arguments...))
	timer := time.AfterFunc(patience, func() {
		if load.Process != nil {
			load.Process.Kill()
		}
	})
	defer timer.Stop()
	out, err := load.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%w: %.200s", err, exit.Stderr)
	}
	if err != nil {
		return nil, err
	}
	r := new(result.Result)
	return r, json.Unmarshal(out, r)
}

func freeAddr(ip string) (string, error) {
	l, err := net.Listen("tcp", ip+":0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// await waits until the server accepts connections.
func await(addr string) error {
	network, name := address.Split(addr)
	var err error
	for range 500 {
		var c net.Conn
		if c, err = net.Dial(network, name); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
