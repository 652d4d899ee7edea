// Package hold passes on what clients send to those who may not want it yet.
package hold

import (
	"io"
	"time"

	"github.com/airsocket/airsocket"
)

// Write writes data that s has received. If it has to wait, s is soon held up too, and from a
// socket that is held up nothing is read, not even the end of its connection. So Write sends a
// ping after every such time, which fails if the client has gone.
func Write(s *airsocket.Socket, to io.Writer, data []byte, every time.Duration) error {
	written := make(chan struct{})
	defer close(written)
	pings := time.AfterFunc(every, func() {
		again := time.NewTicker(every)
		defer again.Stop()
		for {
			s.Ping(nil)
			select {
			case <-again.C:
			case <-written:
				return
			}
		}
	})
	defer pings.Stop()
	_, err := to.Write(data)
	return err
}
