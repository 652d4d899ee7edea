//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate gives cmd a process group, so that what it starts can be ended with it, and an
// interrupt of the terminal reaches only the server.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endings are the ways to make a process end, in the order in which they are tried.
var endings = []func(*os.Process){
	func(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGTERM) },
	func(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) },
}
