//go:build unix

package load

import (
	"fmt"
	"syscall"
)

// otherFiles is how many file descriptors are left to the program itself, and to connections
// that have two while they are opened.
const otherFiles = 32 + 2*atOnce

// checkLimit returns an error if the limit of open files is too low for n connections. At
// the start of the program, package os has raised it as far as it goes.
func checkLimit(n int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return nil // then it is found out while connecting
	}
	return enough(n, uint64(l.Cur))
}

// enough returns an error if n connections need more than limit open files.
func enough(n int, limit uint64) error {
	if limit >= uint64(n)+otherFiles {
		return nil
	}
	room := uint64(0)
	if limit > otherFiles {
		room = limit - otherFiles
	}
	return fmt.Errorf("-n %d is more than the limit of %d open files allows, which is %d connections; raise the limit (ulimit -n), or give a lower -n", n, limit, room)
}
