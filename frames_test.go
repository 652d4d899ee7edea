package airsocket_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
)

// The close frame that says what was wrong is sent even if what was sent before
// is written just while the error event is handled.
func TestCloseFrameBehindTheWriter(t *testing.T) {
	theirs, ours := net.Pipe()
	failed := make(chan struct{})
	j := converse(t, new(airsocket.Options), nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Send("written when somebody reads") })
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			close(failed)
			for s.BufferedAmount() > 0 {
				runtime.Gosched()
			}
		})
	}, func(s *airsocket.Socket) error { return s.StartServer(ours) }, newRawPeer(t, theirs, true), func(p *rawPeer) {
		p.open()
		p.send(opText, "x")
		p.write([]byte{0xF1, 0x80})
		p.write([]byte{0, 0, 0, 0})
		<-failed
		p.want(opText, "written when somebody reads")
		p.wantClose(1002)
		p.wantEnd()
	})
	if len(j.lines) != 4 || j.lines[2] != "error" {
		t.Errorf("%q", j.lines)
	}
}
