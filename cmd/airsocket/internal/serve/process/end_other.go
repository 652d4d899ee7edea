//go:build !unix

package process

import (
	"os"
	"os/exec"
)

// isolate does nothing: there are no process groups.
func isolate(*exec.Cmd) {}

// endings are the ways to make a process end. There is no signal that asks for it.
var endings = []func(*os.Process){func(p *os.Process) { p.Kill() }}
