//go:build !portable

package transport_test

import (
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket/internal/transport"
)

// TestListenerClosedWhileServing checks that Serve does not return before a connection
// that was accepted when the listener was closed has been served, so that a program that
// ends when nothing is left does not lose it, even if the goroutine ends meanwhile.
func TestListenerClosedWhileServing(t *testing.T) {
	for _, exits := range []bool{false, true} {
		l, err := transport.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		accepted, closed, returned := make(chan bool), make(chan bool), make(chan error)
		var serving atomic.Bool
		serving.Store(true)
		go func() {
			err := transport.Serve(l, func(conn net.Conn) {
				defer conn.Close()
				close(accepted)
				<-closed
				for range 1000 { // a Serve that does not wait has the time to return
					runtime.Gosched()
				}
				serving.Store(false)
				if exits {
					runtime.Goexit()
				}
			}, noRetry)
			if serving.Load() {
				t.Error("Serve has returned while a connection is served")
			}
			returned <- err
		}()
		dialed, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		<-accepted
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		close(closed)
		if err := <-returned; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve has returned %v", err)
		}
		dialed.Close()
	}
}
