package transport

import (
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
)

const (
	lingerTime  = 5 * time.Second
	lingerBytes = 256 << 10
)

// lingering holds the times of all connections that linger.
var lingering Deadlines

// GiveTime sets the time that the peer has to read why it was refused.
func (c *Conn) GiveTime(t *Deadline) { lingering.Set(t, c, lingerTime) }

// TakeTime removes the time that GiveTime has set.
func (c *Conn) TakeTime(t *Deadline) { lingering.Clear(t, c, lingerTime) }

// Linger ends the sending direction, and reads and drops what the peer still sends until
// the time of GiveTime or a limit of bytes is reached, so that the peer can read what was
// written. Then it calls over. Closing a connection while something is left unread
// resets it, and the peer may lose what was written. Like Become, only the Reader may
// call Linger, which returns what the Reader is to return.
func (c *Conn) Linger(t *Deadline, over func()) Next {
	l := &lingerer{c: c, t: t, over: over}
	c.Become(l)
	if !c.CloseWrite() {
		return Over
	}
	return l.Readable()
}

// EndWith has over called at the end, instead of the Ended method of the Reader, which
// returns what EndWith returns. t is the Deadline of GiveTime.
func (c *Conn) EndWith(t *Deadline, over func()) Next {
	c.Become(&lingerer{c: c, t: t, over: over})
	return Over
}

// A lingerer is the Reader of a connection that lingers.
type lingerer struct {
	c     *Conn
	t     *Deadline
	total int
	over  func()
}

func (l *lingerer) Readable() Next {
	b := buffers.Get(4 << 10)
	defer buffers.Put(b)
	for l.total < lingerBytes {
		n, _, err := l.c.TryRead(b.B[:cap(b.B)])
		if l.total += n; err == ErrWouldBlock {
			return Wait
		} else if err != nil {
			break
		}
	}
	return Over
}

func (l *lingerer) Space() []byte { return nil }

func (l *lingerer) Ended() {
	l.c.TakeTime(l.t)
	l.over()
}
