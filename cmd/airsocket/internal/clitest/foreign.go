package clitest

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// Program returns the path of the first program in the PATH that has the name, and that
// succeeds with the arguments try if there are any. See wstest.Missing if there is none.
func Program(t testing.TB, name string, try ...string) (path string) {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err == nil && (len(try) == 0 || exec.Command(path, try...).Run() == nil) {
			return path
		}
	}
	wstest.Missing(t, strings.Join(append([]string{name}, try...), " "))
	return ""
}

// Peers returns the path of name, a package or a program that npm installs for the tests.
func Peers(t testing.TB, name string) (path string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "internal/test/interop/testdata/peers/node_modules", name)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no folder above this one has a go.mod")
		}
	}
}

// StartForeign runs a server that prints its port and ends with its stdin, until the end of
// the test, and returns its address.
func StartForeign(t testing.TB, cmd *exec.Cmd) (address string) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server has not started: %v %s", err, &stderr)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// StartOnPort runs a server with the arguments for a free port of loopback until the end of
// the test, and returns its address when it listens.
func StartOnPort(t testing.TB, path string, args func(port string) []string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.CommandContext(t.Context(), path, args(port)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		cmd.Wait()
		close(gone)
	}()
	t.Cleanup(func() { <-gone }) // the context has ended it
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		select {
		case <-again.C:
		case <-gone:
			t.Fatalf("%s has ended", path)
		}
	}
}
