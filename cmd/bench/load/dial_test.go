//go:build linux

package main

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHeld(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := socket(pair[0]), socket(pair[1])
	defer ours.Close()
	if err := ours.held(); err != nil {
		t.Errorf("a connection that does nothing: %v", err)
	}
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := ours.held(); !errors.Is(err, errSent) {
			t.Fatalf("after a byte: %v", err)
		}
	}
	if _, err := ours.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ours.held(); !errors.Is(err, errEnded) {
		t.Errorf("after the end: %v", err)
	}
}

func TestHostOfRequest(t *testing.T) {
	was := *addr
	defer func() { *addr = was }()
	for a, want := range map[string]string{"127.0.0.1:80": "127.0.0.1:80", "unix:@a": "localhost"} {
		*addr = a
		if r := string(request()); !strings.Contains(r, "\r\nHost: "+want+"\r\n") {
			t.Errorf("to %s: no host %s in %q", a, want, r)
		}
	}
}
