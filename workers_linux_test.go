//go:build !portable

package airsocket_test

import (
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestWorkers checks that Workers counts those that handlers hold up.
func TestWorkers(t *testing.T) {
	const blocked = 3
	entered, release := make(chan bool), make(chan bool)
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Parallel: true})}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) {
			entered <- true
			<-release
		})
	})
	url := wstest.Serve(t, srv)
	_, before := airsocket.Workers()
	for range blocked {
		wstest.ConnectRaw(t, url).Send(wstest.OpText, "x")
		<-entered
	}
	wait := func(want int) {
		for all, heldUp := airsocket.Workers(); heldUp != want; all, heldUp = airsocket.Workers() {
			if all < heldUp {
				t.Fatalf("%d of %d are held up", heldUp, all)
			}
			runtime.Gosched()
		}
	}
	wait(before + blocked)
	close(release)
	wait(before)
}
