package airsocket_test

import (
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestNothingAfterClose checks that what a peer sends after its close frame is read only for
// a while: the connection then ends as it would have at the end of the peer's stream.
func TestNothingAfterClose(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, first := range []bool{false, true} { // we have closed first
			sent := 0
			j, took := inTime(t, client, &airsocket.Options{}, func(s *airsocket.Socket) {
				if first {
					wstest.CloseAt(airsocket.EventOpen, 1000, "")(s)
				}
			}, func(p *wstest.RawPeer) {
				p.OpenAsEither()
				answered := make(chan bool)
				go func() {
					p.WantClose(1000)
					close(answered)
				}()
				p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
				<-answered
				for ; sent < 1000; sent++ {
					if _, err := p.Write(p.Frame(wstest.OpClose, "")); err != nil {
						return
					}
				}
			})
			j.Want("open", `close 1000 "" clean`)
			if took != 0 || sent > 50 {
				t.Errorf("client %v, first %v: %d frames were read in %v", client, first, sent, took)
			}
		}
	}
}
