package wire

// hybi08 is the framing of drafts 08 to 12. RFC 6455 later changed three things: it
// requires the shortest form of a length, reserves code 1004, and adds the codes from
// 1011 on. Peers of these drafts end the connection when they receive a close.
type hybi08 struct{ rfc6455 }

func (hybi08) parseHeader(p []byte, role Role, f *frame) (int, *ProtocolError) {
	return parseHybi07(p, role, f)
}

func (hybi08) accepts(c StatusCode) bool { return c.Sendable() || c == StatusFrameTooLarge }

// forgives returns true because clients of libwebsockets from 2011 to 2015 send close
// frames with two uninitialized bytes as the code. Such a frame ends the connection
// cleanly, and the bytes after the code are ignored. A payload of one byte, and a
// reason after a valid code that is not UTF-8, are still violations, as no peer is
// known to send them.
func (hybi08) forgives() bool { return true }

func (hybi08) mapCode(c StatusCode) StatusCode {
	switch c {
	case StatusFrameTooLarge:
		return StatusMessageTooBig
	case StatusInternalError, StatusServiceRestart, StatusTryAgainLater, StatusBadGateway:
		return StatusGoingAway
	}
	return c
}

func (hybi08) endsCleanly(betweenMessages, closeSent bool) bool { return closeSent }
