// Package stage runs the examples in their tests, as their main functions do,
// and provides the other ends of their connections.
package stage

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

// An Example is the function that the main function of an example calls with
// its arguments, without the name of the program, and with the standard output.
type Example func(args []string, stdout io.Writer) error

// Serve starts an example that is a server, on a free port of loopback. It
// returns the address and the lines that the example prints after the address.
// The example runs until the test binary ends.
func Serve(t *testing.T, run Example, args ...string) (addr string, out *Lines) {
	t.Helper()
	out = newLines()
	go func() { out.end(run(append([]string{"-addr", "127.0.0.1:0"}, args...), out)) }()
	line := out.Next(t)
	addr, ok := strings.CutPrefix(line, "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", line)
	}
	return addr, out
}

// Play runs an example that ends by itself, and returns the lines that it
// prints.
func Play(t *testing.T, run Example, args ...string) []string {
	t.Helper()
	out := newLines()
	done := make(chan error, 1)
	go func() { done <- run(args, out) }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("the example has ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the example does not end")
	}
	out.end(nil)
	var lines []string
	for line := range out.next {
		lines = append(lines, line)
	}
	return lines
}

// Lines are the lines that an example prints.
type Lines struct {
	next chan string

	mu   sync.Mutex
	part []byte // the beginning of a line
	err  error
}

func newLines() *Lines { return &Lines{next: make(chan string, 1000)} }

// Write receives what the example prints.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.next <- string(line)
		l.part = rest
	}
}

func (l *Lines) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	close(l.next)
}

// Next waits for the next line and returns it.
func (l *Lines) Next(t *testing.T) string {
	t.Helper()
	select {
	case line, ok := <-l.next:
		if !ok {
			t.Fatalf("the example has ended with %v", l.err)
		}
		return line
	case <-time.After(patience):
		t.Fatal("the example prints nothing")
	}
	return ""
}

// Want compares the next lines with lines.
func (l *Lines) Want(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if got := l.Next(t); got != want {
			t.Fatalf("the example prints %q, want %q", got, want)
		}
	}
}
