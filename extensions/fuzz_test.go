package extensions_test

import (
	"bytes"
	"testing"

	"github.com/airsocket/airsocket/extensions"
)

// FuzzDeflate checks that Go's inflater reads any message, at any level and with any
// window, with the context of the previous message. Long messages are repetitions, as
// fuzzing is slow with long inputs.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte("Hello"), []byte("Hello"), uint8(0), uint8(1), uint8(15))
	f.Add(jsonText(200), jsonText(400), uint8(9), uint8(6), uint8(8))
	f.Add(make([]byte, 300), []byte{}, uint8(255), uint8(9), uint8(12))
	f.Fuzz(func(t *testing.T, first, second []byte, times, level, bits uint8) {
		server, client := pair(t, extensions.PermessageDeflate{Threshold: -1, Level: 1 + int(level%9), ServerMaxWindowBits: 8 + int(bits%8)})
		ref := &reference{takeover: true}
		n := min(1+int(times), 1+1<<17/max(1, len(first)))
		roundTrip(t, server, client, bytes.Repeat(first, n), ref)
		roundTrip(t, server, client, second, ref)
	})
}
