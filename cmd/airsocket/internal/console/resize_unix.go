//go:build unix

package console

import (
	"os"
	"os/signal"
	"syscall"
)

// onResize calls fn each time the size of the terminal changes, until stop is
// called.
func onResize(fn func()) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-changed:
				fn()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(done)
	}
}
