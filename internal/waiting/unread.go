package waiting

import "github.com/airsocket/airsocket/wire"

// MaxUnread is how many bytes may be received and not read. Above that the Socket is
// paused, and when half of them have been read it is resumed.
const MaxUnread = 64 << 10

// An Unread decides when to pause a Socket because of what has not been read, and when to
// resume it. The caller guards it, with the lock that guards what it counts.
type Unread struct{ paused bool }

// Received is called when a message has been received. It reports whether the Socket must
// be paused, now that n bytes are unread. What a paused Socket has already read from its
// connection stays with the Socket.
func (u *Unread) Received(n int) (pause bool) {
	pause = n > MaxUnread
	u.paused = u.paused || pause
	return pause
}

// Read is called when something has been read. It reports whether the Socket must be
// resumed, now that n bytes are unread.
func (u *Unread) Read(n int) (resume bool) {
	resume = u.paused && n <= MaxUnread/2
	if resume {
		u.paused = false
	}
	return resume
}

// IsEOF reports whether a connection that was closed with code has ended as the peer
// intended, so that the end is io.EOF for a reader. clean is the WasClean of the close
// event.
func IsEOF(code wire.StatusCode, clean bool) bool {
	switch code {
	case wire.StatusNormalClosure, wire.StatusGoingAway, wire.StatusNoStatusReceived:
		return clean
	}
	return false
}
