//go:build !portable

package transport

import (
	"net"
	"slices"

	"github.com/airsocket/airsocket/internal/buffers"
)

// ForTLSAfter is like ForTLS, for a connection that begins with a Preface.
func ForTLSAfter(conn net.Conn, p Preface) net.Conn {
	if _, ok := conn.(*accepted); ok {
		return &carrier{conn: conn, begin: &beginning{preface: p}}
	}
	return &prefaced{Conn: conn, preface: p}
}

// A beginning is what a carrier reads before TLS.
type beginning struct {
	preface Preface // nil once it is complete
	rest    []byte  // what was read together with it
}

// readPreface reads what is there of the Preface. It reports whether TLS can begin, as
// something has been received for it, or has failed.
func (k *carrier) readPreface(c *Conn) bool {
	k.reading.Lock()
	defer k.reading.Unlock()
	b := buffers.Get(idleRead)
	defer buffers.Put(b)
	for {
		n, drained, err := c.readSocket(b.B[:cap(b.B)])
		if err == ErrWouldBlock {
			return false
		}
		var rest []byte
		done := false
		if err == nil {
			rest, done, err = k.begin.preface.Feed(b.B[:n])
		}
		switch {
		case err != nil:
			k.failed = err
			k.waits.Store(false)
			return true
		case done:
			if len(rest) == 0 {
				k.begin = nil
				return !drained
			}
			k.begin.preface, k.begin.rest = nil, slices.Clone(rest)
			return true
		case drained:
			return false
		}
	}
}

// takeRest is Read for what was read together with the Preface; k.reading is held.
func (k *carrier) takeRest(p []byte) int {
	n := copy(p, k.begin.rest)
	if k.begin.rest = k.begin.rest[n:]; len(k.begin.rest) == 0 {
		k.begin = nil
	}
	return n
}
