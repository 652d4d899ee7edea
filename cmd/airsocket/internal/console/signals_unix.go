//go:build unix

package console

import (
	"os"
	"os/signal"
	"syscall"
)

// watch calls resized each time the size of the terminal changes, and continued each time the
// process continues after it was stopped, until unwatch is called.
func watch(resized, continued func()) (unwatch func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if s == syscall.SIGCONT {
					continued()
				} else {
					resized()
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

const canSuspend = true

// stopProcess stops the processes of the job, as the terminal does for Ctrl-Z.
func stopProcess() { syscall.Kill(0, syscall.SIGTSTP) }

// processOutput does nothing: terminals understand escape sequences.
func processOutput(int) (undo func()) { return func() {} }
