package text

import (
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

// TestValidReadsNoFurther checks texts at both ends of a page between two pages that
// cannot be read: not one byte outside of a text is read.
func TestValidReadsNoFurther(t *testing.T) { eachWidth(t, testValidReadsNoFurther) }

func testValidReadsNoFurther(t *testing.T) {
	size := syscall.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 3*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(mem)
	for _, guard := range [][]byte{mem[:size], mem[2*size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	page := mem[size : 2*size]
	text, n := "", 0
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%d bytes of %s: %v", n, text, r)
		}
	}()
	for _, bench := range benchTexts {
		text = bench.name
		all := strings.Repeat(bench.unit, 610/len(bench.unit)+1)
		for from := range 4 {
			state := Whole.walk([]byte(all[:from]))
			for n = range 600 {
				s := all[from : from+n]
				want := state.walk([]byte(s))
				for _, p := range [][]byte{page[:n], page[size-n:]} {
					copy(p, s)
					if got := state.After(p); got != want {
						t.Fatalf("state %d after %q, not %d", got, s, want)
					}
				}
			}
		}
	}
}
