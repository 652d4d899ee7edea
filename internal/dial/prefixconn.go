package dial

import "net"

// A PrefixConn is a connection from which some bytes have already been read. Read
// returns these bytes again.
type PrefixConn struct {
	net.Conn
	Prefix []byte // bytes that Read returns before it reads from Conn
}

// Read reads from Prefix until it is empty, and then from Conn.
func (c *PrefixConn) Read(p []byte) (int, error) {
	if len(c.Prefix) > 0 {
		n := copy(p, c.Prefix)
		c.Prefix = c.Prefix[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}
