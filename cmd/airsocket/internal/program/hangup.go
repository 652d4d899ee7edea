//go:build !js && !plan9

package program

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyHangup has c told that the terminal has gone, unless the program is to go on then.
func notifyHangup(c chan<- os.Signal) {
	if !signal.Ignored(syscall.SIGHUP) { // nohup does so
		signal.Notify(c, syscall.SIGHUP)
	}
}
