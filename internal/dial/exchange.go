package dial

import (
	"errors"
	"io"
	"net"

	"github.com/airsocket/airsocket/handshake"
)

// exchange sends the request and reads the response. It returns the bytes received
// after the response.
func (a *Attempt) exchange(conn net.Conn) (rest []byte, err error) {
	if _, err := conn.Write(a.request); err != nil {
		return nil, err
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if rest, done, err := a.client.Feed(buf[:n]); done || err != nil {
				return rest, a.withHint(err, buf[:n])
			}
		}
		if err != nil {
			return nil, a.withHint(a.cutShort(err), nil)
		}
	}
}

// cutShort returns the error to report when reading has failed with err. A refusal
// with an incomplete body is still reported as a refusal.
func (a *Attempt) cutShort(err error) error {
	if end := a.client.FeedEOF(); err == io.EOF || errors.Is(end, handshake.ErrStatus) {
		return end
	}
	return err
}
