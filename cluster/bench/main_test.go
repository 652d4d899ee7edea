//go:build unix

package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain is the program itself when it is started with a role.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-role") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestBench runs the bench in small, and checks that the table is complete.
func TestBench(t *testing.T) {
	var out strings.Builder
	b := bench{sockets: 10, size: 16, reps: 2, rate: 200, time: 50 * time.Millisecond}
	if err := b.run(&out); err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| .+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \|$`).FindAllString(out.String(), -1)
	if len(rows) != 5 {
		t.Errorf("the table has %d rows with figures:\n%s", len(rows), out.String())
	}
}
