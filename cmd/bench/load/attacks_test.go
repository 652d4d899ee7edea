//go:build linux

package main

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

func TestTablesAreValid(t *testing.T) {
	p := append(tables(10_000), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
	if got, err := io.ReadAll(flate.NewReader(bytes.NewReader(p))); err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v; want none", len(got), err)
	}
}

func TestAttacksSendSomething(t *testing.T) {
	for name, f := range attacks {
		if a := f(); len(a.head)+len(a.first)+len(a.chunk)*a.chunks == 0 {
			t.Errorf("%s sends nothing", name)
		}
	}
}
