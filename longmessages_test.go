package airsocket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
)

// Long messages, of which the system takes a part at once, and short ones between
// them arrive whole and in order, whoever is slow.
func TestLongMessages(t *testing.T) {
	const rounds = 6
	long := func(i int) string {
		unit := fmt.Sprintf("message %d of some length, ", i)
		return strings.Repeat(unit, (i*700_000+100_000)/len(unit))
	}
	sent := make(chan bool)
	j := startServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i := range rounds {
				if err := s.Send(long(i)); err != nil {
					t.Errorf("long %d: %v", i, err)
				}
				s.Flush() // or the next would wait for the end of the turn
				if err := s.SendBytes([]byte{byte(i)}); err != nil {
					t.Errorf("short %d: %v", i, err)
				}
			}
			close(sent)
		})
	}, func(p *rawPeer) {
		p.open()
		<-sent
		for i := range rounds {
			p.want(opText, long(i))
			p.want(opBinary, string([]byte{byte(i)}))
		}
		p.send(opClose, "")
		p.want(opClose, "")
		p.Close()
	})
	j.want("open", `close 1005 "" clean`)
}
