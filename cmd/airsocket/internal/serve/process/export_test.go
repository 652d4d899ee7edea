package process

import "github.com/airsocket/airsocket/handshake"

// Variables returns the variables for the fields of a request.
func Variables(h handshake.Header) []string {
	var e environment
	e.setFields(h)
	return e
}

// NewLines is for tests of the package from outside.
func NewLines(text interface{ Read([]byte) (int, error) }, most int) func() ([]byte, error) {
	return newLines(text, most).next
}
