package transport

import "net"

// New returns a Conn that is conn.
func New(conn net.Conn) *Conn {
	c := new(Conn)
	c.Init(conn)
	return c
}
