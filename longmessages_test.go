package airsocket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestLongMessages checks that long messages, of which the system takes only a part
// at once, and short ones between them arrive whole and in order, whichever side is
// slow.
func TestLongMessages(t *testing.T) {
	const rounds = 6
	long := func(i int) string {
		unit := fmt.Sprintf("message %d of some length, ", i)
		return strings.Repeat(unit, (i*700_000+100_000)/len(unit))
	}
	sent := make(chan bool)
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i := range rounds {
				if err := s.Send(long(i)); err != nil {
					t.Errorf("long %d: %v", i, err)
				}
				s.Flush() // otherwise the next one would wait for the end of the turn
				if err := s.SendBytes([]byte{byte(i)}); err != nil {
					t.Errorf("short %d: %v", i, err)
				}
			}
			close(sent)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		<-sent
		for i := range rounds {
			p.Want(wstest.OpText, long(i))
			p.Want(wstest.OpBinary, string([]byte{byte(i)}))
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.Close()
	})
	j.Want("open", `close 1005 "" clean`)
}
