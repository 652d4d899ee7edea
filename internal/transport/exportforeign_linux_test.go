//go:build !portable

package transport

import "syscall"

// Looks returns what a worker finds out about the records in a socket.
func Looks(fd int) (reads int, more, can bool) {
	f := &foreign{fd: fd, keeps: 4 << 10}
	can = f.looks()
	return f.reads, f.more, can
}

// IsAgain reports whether something has happened to a tls.Conn of somebody else since its
// visit began.
func (c *Conn) IsAgain() bool { return c.conn.(*foreign).state.Load() == again }

// IsParked reports whether nobody visits a tls.Conn of somebody else.
func (c *Conn) IsParked() bool { return c.conn.(*foreign).state.Load() == parked }

// CannotRegister has the registration of a tls.Conn of somebody else fail.
func (c *Conn) CannotRegister() {
	f := c.conn.(*foreign)
	syscall.Close(f.fd)
	f.fd = noFD
}
