package wire

// hybi08 is the framing of drafts 08 to 12. What RFC 6455 has added since: the
// shortest form of length is required, code 1004 is reserved, 1011 and later
// codes exist. Peers of that time end the connection when they get a close.
type hybi08 struct{ rfc6455 }

func (hybi08) next(p []byte, role Role, f *frame) (int, *ProtocolError) {
	return parseHead(p, role, f)
}

func (hybi08) accepts(c StatusCode) bool { return c.Sendable() || c == StatusFrameTooLarge }

// Clients of libwebsockets of 2011 to 2015 send close frames with two bytes that
// they never wrote to. Such a frame ends the connection cleanly, and what may
// follow the code is not looked at. A payload of one byte breaks a rule all the
// same, and so does a reason that is not UTF-8 after a good code: nobody is known
// to send these.
func (hybi08) forgives() bool { return true }

func (hybi08) code(c StatusCode) StatusCode {
	switch c {
	case StatusFrameTooLarge:
		return StatusMessageTooBig
	case StatusInternalError, StatusServiceRestart, StatusTryAgainLater, StatusBadGateway:
		return StatusGoingAway
	}
	return c
}

func (hybi08) endsCleanly(betweenMessages, closeSent bool) bool { return closeSent }
