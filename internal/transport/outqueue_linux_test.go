//go:build !portable

package transport_test

import (
	"io"
	"net"
	"testing"

	"github.com/airsocket/airsocket/internal/transport"
)

// Unsent is known where there is a descriptor, and changes when the peer takes something.
func TestUnsent(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		if !k.raw && k.name != "TLS" && !c.CanTry() {
			if n, known := c.Unsent(); known {
				t.Errorf("%d bytes are unsent", n)
			}
			return
		}
		piece, taken := noise(16<<10), int64(0)
		for { // until the system has no room left
			n, err := c.TryWrite(piece, nil)
			if err != nil {
				t.Fatal(err)
			}
			if taken += int64(n); n == 0 {
				break
			}
		}
		before, known := c.Unsent()
		if !known || before == 0 {
			t.Fatalf("%d bytes are unsent, known: %v", before, known)
		}
		if _, err := io.CopyN(io.Discard, peer, taken); err != nil {
			t.Fatal(err)
		}
		if after, known := c.Unsent(); !known || after >= before {
			t.Errorf("%d bytes are unsent, and %d after the peer has read, known: %v", before, after, known)
		}
	})
}
