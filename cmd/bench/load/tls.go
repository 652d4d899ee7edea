//go:build linux

package main

import (
	"crypto/tls"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// The certificates of the servers are self-signed.
var tlsConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}

// secured is a connection over TLS that the epoll loop can use.
type secured struct {
	*tls.Conn
	carrier *carrier
}

// encrypt does the client's part of the TLS handshake on s.
func encrypt(s socket) (secured, error) {
	c := &carrier{socket: s}
	t := secured{tls.Client(c, tlsConfig), c}
	return t, t.Handshake()
}

// Write encrypts all of p. If the error is EAGAIN, flush must send the rest.
func (s secured) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	if err == nil {
		err = s.flush()
	}
	return n, err
}

func (s secured) Close() error { return s.carrier.Close() }

func (s secured) flush() error { return s.carrier.flush() }
func (s secured) held() error  { return s.carrier.held() }
func (s secured) fd() int      { return s.carrier.fd() }

// A carrier is the net.Conn below a tls.Conn, which goes on after a Read that
// returned EAGAIN, but not after such a Write. So Write keeps what the system
// does not take.
type carrier struct {
	socket
	unsent []byte
}

func (c *carrier) Write(p []byte) (int, error) {
	c.unsent = append(c.unsent, p...)
	if err := c.flush(); err != nil && err != unix.EAGAIN {
		return 0, err
	}
	return len(p), nil
}

func (c *carrier) flush() error {
	n, err := c.socket.Write(c.unsent)
	c.unsent = c.unsent[:copy(c.unsent, c.unsent[n:])]
	return err
}

// The other methods of a net.Conn, which TLS does not need here.

func (c *carrier) LocalAddr() net.Addr              { return nil }
func (c *carrier) RemoteAddr() net.Addr             { return nil }
func (c *carrier) SetDeadline(time.Time) error      { return nil }
func (c *carrier) SetReadDeadline(time.Time) error  { return nil }
func (c *carrier) SetWriteDeadline(time.Time) error { return nil }
