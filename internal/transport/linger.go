package transport

import (
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
)

const (
	lingerTime  = 5 * time.Second
	lingerBytes = 256 << 10
)

// GiveTime sets the time that a peer has to read why it was refused.
func (c *Conn) GiveTime() { c.conn.SetDeadline(time.Now().Add(lingerTime)) }

// Linger ends the sending direction and reads, up to a limit, what the peer still
// sends, so that the peer can read what was written. Closing a connection while
// something is left unread resets it, and the peer may lose what was written.
func (c *Conn) Linger() {
	if !c.CloseWrite() {
		return
	}
	b := buffers.Get(4 << 10)
	defer buffers.Put(b)
	for total := 0; total < lingerBytes; {
		n, err := c.conn.Read(b.B[:cap(b.B)])
		total += n
		if err != nil {
			return
		}
	}
}
