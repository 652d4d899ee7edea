package dial

import "net"

// A PrefixConn is a connection some of which has been read already. Read returns
// Prefix first.
type PrefixConn struct {
	net.Conn
	Prefix []byte // what has been read of the connection, but not of the PrefixConn
}

// Read reads from Prefix until that is empty, and then from Conn.
func (c *PrefixConn) Read(p []byte) (int, error) {
	if len(c.Prefix) > 0 {
		n := copy(p, c.Prefix)
		c.Prefix = c.Prefix[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}
