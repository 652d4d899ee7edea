package airsocket_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestAcceptAfterGoexit checks that a request cannot be accepted any more when the
// function of OnRequest has ended its goroutine, which ends the connection, and that
// trying to does not touch the next connection of its Socket.
func TestAcceptAfterGoexit(t *testing.T) {
	var request *airsocket.Request
	closed := make(chan struct{}, 2)
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) {
		request = r
		r.Socket().OnClose(func(*airsocket.CloseEvent) { closed <- struct{}{} })
		runtime.Goexit()
	})
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	p.WantEnd()
	<-closed
	accepted := make(chan error)
	go func() {
		_, err := request.Accept("")
		accepted <- err
	}()
	if err := request.Socket().Connect("ws://127.0.0.1:1/"); err != nil {
		t.Error(err)
	}
	if err := <-accepted; !errors.Is(err, airsocket.ErrInvalidState) {
		t.Errorf("Accept has returned %v", err)
	}
	<-closed
}
