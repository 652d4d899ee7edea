//go:build !linux || portable

package transport

import (
	"errors"
	"net"
	"time"
)

// On this system no connection is served by workers.

type task struct{}

func (task) Wake()          {}
func (task) WantOut() error { return errors.ErrUnsupported }

func (c *Conn) initAccepted(net.Conn) bool          { return false }
func (c *Conn) initTLS(net.Conn) bool               { return false }
func (c *Conn) register(bool) error                 { return errors.ErrUnsupported }
func (c *Conn) leave()                              {}
func (c *Conn) retire(*backlog)                     {}
func (c *Conn) writeFD([]byte, []byte) (int, error) { return 0, errors.ErrUnsupported }
func (c *Conn) unsent() (int, bool)                 { return 0, false }
func (c *Conn) shutdown() bool                      { return false }
func (c *Conn) detachFD() net.Conn                  { return nil }

func (c *Conn) secure() net.Conn                     { return nil }
func (c *Conn) readTLS([]byte) (int, bool, error)    { return 0, true, errors.ErrUnsupported }
func (c *Conn) writeTLS([]byte, []byte) (int, error) { return 0, errors.ErrUnsupported }
func (c *Conn) finishTLS(*backlog)                   {}
func (c *Conn) shutdownTLS() bool                    { return false }

func (c *Conn) initForeign(net.Conn) bool             { return false }
func (c *Conn) serveForeign()                         {}
func (c *Conn) leaveForeign()                         {}
func (c *Conn) writeForeign([]byte) (int, error)      { return 0, nil }
func (c *Conn) takeForeign([]byte) (int, bool, error) { return 0, true, errors.ErrUnsupported }

// Workers returns 0.
func Workers() (all, heldUp int) { return 0, 0 }

// ForTLS returns conn.
func ForTLS(conn net.Conn) net.Conn { return conn }

// ForTLSAfter returns the connection on which to create a tls.Conn, if conn begins with a
// Preface.
func ForTLSAfter(conn net.Conn, p Preface) net.Conn { return &prefaced{Conn: conn, preface: p} }

// Adopt returns conn.
func Adopt(conn net.Conn) net.Conn { return conn }

func newListener(l net.Listener) net.Listener { return l }

// Serve accepts connections from l and passes them to serve, until l is closed or fails.
// If an error is temporary, such as too many open files, retry returns how long to wait
// before the next attempt, and otherwise a negative number.
func Serve(l net.Listener, serve func(net.Conn), retry func(error) time.Duration) error {
	return AcceptAll(l, serve, retry)
}
