package airsocket_test

import (
	"testing"

	"github.com/airsocket/airsocket"
)

// A write fails while the reader is in a handler.
func TestResetFoundByWriting(t *testing.T) {
	for _, size := range []int{1, 100 << 10} {
		gone := make(chan struct{})
		j := startServer(t, nil, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				<-gone
				for s.SendBytes(make([]byte, size)) == nil {
					s.Flush()
				}
			})
		}, func(p *rawPeer) {
			p.open()
			p.send(opText, "go")
			p.reset()
			close(gone)
		})
		_ = j
	}
}
