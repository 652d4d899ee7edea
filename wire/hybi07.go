package wire

// hybi07 is the framing of draft 07: that of draft 08, with fewer status codes.
type hybi07 struct{ hybi08 }

func (hybi07) code(c StatusCode) StatusCode {
	switch c {
	case StatusMessageTooBig:
		return StatusFrameTooLarge
	case StatusFrameTooLarge:
		return c
	case StatusInvalidPayload:
		return StatusUnsupportedData
	case StatusPolicyViolation, StatusMandatoryExtension:
		return StatusProtocolError
	}
	return hybi08{}.code(c)
}
