package transport

import (
	"errors"
	"net"
	"slices"

	"github.com/airsocket/airsocket/internal/buffers"
)

// A Preface is what a connection begins with before TLS. Feed takes the next bytes. It
// returns those that follow the Preface, and whether that is complete. It is not called
// again after an error, which ends the connection.
type Preface interface {
	Feed(p []byte) (rest []byte, done bool, err error)
}

// A prefaced is a connection that begins with a Preface. Read returns what follows it.
type prefaced struct {
	net.Conn
	preface Preface // nil once it is complete
	rest    []byte  // what was read together with it
	err     error   // of it
}

// Read waits for the Preface, and then for what follows it.
func (c *prefaced) Read(p []byte) (int, error) {
	for c.preface != nil {
		if err := c.readPreface(); err != nil {
			return 0, err
		}
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// readPreface reads once.
func (c *prefaced) readPreface() error {
	if c.err != nil {
		return c.err
	}
	b := buffers.Get(idleRead)
	defer buffers.Put(b)
	n, err := c.Conn.Read(b.B[:cap(b.B)])
	rest, done, broken := c.preface.Feed(b.B[:n])
	switch {
	case broken != nil:
		c.err = broken
		return broken
	case done:
		c.preface, c.rest = nil, slices.Clone(rest)
		return nil // Read will return err again
	}
	return err
}

// CloseWrite ends the sending direction of the connection.
func (c *prefaced) CloseWrite() error {
	if !closeWrite(c.Conn) {
		return errors.ErrUnsupported
	}
	return nil
}
