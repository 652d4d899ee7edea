package airsocket_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// endingConn is a connection whose peer says nothing once it is open, and ends its
// stream a second later.
type endingConn struct {
	net.Conn
	open bool // of the turn and of Read, which run in one goroutine
}

func (c *endingConn) Read(p []byte) (int, error) {
	if !c.open {
		return c.Conn.Read(p)
	}
	time.Sleep(time.Second) // until the first ping is due
	return 0, io.EOF
}

// A timer of a connection that has fired when the connection ends, and is only seen
// to when the Socket has another one, does nothing to that one.
func TestTimerOfTheConnectionBefore(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the timer is seen to by another processor, and soon
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, PingInterval: time.Second})
		opened := 0
		var conn *endingConn
		start := func() {
			ours, theirs := net.Pipe()
			conn = &endingConn{Conn: ours}
			if err := s.StartServer(conn); err != nil {
				t.Error(err)
			}
			go func() {
				r := bufio.NewReader(theirs)
				io.WriteString(theirs, wstest.UpgradeRequest)
				if _, err := http.ReadResponse(r, nil); err != nil {
					t.Error(err)
				}
				io.Copy(io.Discard, r)
			}()
		}
		s.OnOpen(func(*airsocket.OpenEvent) { opened++; conn.open = true })
		s.OnClose(func(*airsocket.CloseEvent) {
			if opened < 20 {
				start() // in the instant at which a ping was due
			}
		})
		d.Run(start)
		if opened != 20 {
			t.Errorf("there were %d connections", opened)
		}
	})
}
