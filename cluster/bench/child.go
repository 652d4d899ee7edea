//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A child is a process with a role.
type child struct {
	role  string
	url   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

// children are all processes that have been started.
type children []*child

func (all *children) start(role, natsURL string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-role", role, "-nats", natsURL)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{role: role, cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
	*all = append(*all, c)
	c.url, err = c.line()
	return c, err
}

// stop ends all processes.
func (all children) stop() {
	for _, c := range all {
		c.stdin.Close()
	}
	for _, c := range all {
		c.cmd.Wait()
	}
}

func (c *child) line() (string, error) {
	if !c.lines.Scan() {
		return "", fmt.Errorf("the process with the role %s has ended", c.role)
	}
	return c.lines.Text(), nil
}

// ask sends a command and reads numbers as the answer.
func (c *child) ask(command string, numbers ...any) error {
	if _, err := fmt.Fprintln(c.stdin, command); err != nil {
		return err
	}
	answer, err := c.line()
	if err != nil {
		return err
	}
	_, err = fmt.Sscan(answer, numbers...)
	return err
}

// cpuOf returns the CPU time that processes have taken so far.
func cpuOf(all []*child) (sum time.Duration, err error) {
	for _, c := range all {
		var ns int64
		if err := c.ask("cpu", &ns); err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// measureBare measures round trips through NATS. Its CPU time is spread over as many
// deliveries as a message has in the others.
func measureBare(requester *child, all []*child, rate int, b *bench) (figure, error) {
	before, err := cpuOf(all)
	if err != nil {
		return figure{}, err
	}
	var p50, p99 int64
	var count int
	if err := requester.ask(fmt.Sprint(rate, b.size, int64(b.time)), &p50, &p99, &count); err != nil {
		return figure{}, err
	}
	after, err := cpuOf(all)
	if err != nil {
		return figure{}, err
	}
	return figure{time.Duration(p50), time.Duration(p99), (after - before) / time.Duration(count*b.sockets)}, nil
}
