package wire

// hybi07 is the framing of draft 07. It differs from draft 08 only in having fewer
// status codes.
type hybi07 struct{ hybi08 }

func (hybi07) mapCode(c StatusCode) StatusCode {
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
	return hybi08{}.mapCode(c)
}
