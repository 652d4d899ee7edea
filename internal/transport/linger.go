package transport

import (
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
)

const (
	lingerTime  = 5 * time.Second
	lingerBytes = 256 << 10
)

// GiveTime gives a peer that is refused the time that it has to read why.
func (c *Conn) GiveTime() { c.conn.SetDeadline(time.Now().Add(lingerTime)) }

// Linger lets the peer read what was written before the connection is closed: closing
// it with something left unread resets the connection, and what was written with it.
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
