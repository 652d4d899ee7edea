//go:build !portable

package transport

import "runtime"

// WaitIdle waits until no worker calls l.
func (l *Listener) WaitIdle() {
	for l.isBusy() {
		runtime.Gosched()
	}
}

func (l *Listener) isBusy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}
