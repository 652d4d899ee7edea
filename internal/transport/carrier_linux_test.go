//go:build !portable

package transport_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/transport"
)

// overTLS returns the two ends of a connection over TLS, of which workers serve ours.
func overTLS(t *testing.T) (ours *tls.Conn, theirs *tls.Conn) {
	t.Helper()
	conn, dialed := acceptedPair(t)
	ours = tls.Server(transport.ForTLS(conn), wstest.ServerConfig(t))
	return ours, tls.Client(dialed, &tls.Config{InsecureSkipVerify: true})
}

// TestCloseWriteAfterCloseOverTLS checks that CloseWrite does not wait for ever on a
// connection that was closed meanwhile.
func TestCloseWriteAfterCloseOverTLS(t *testing.T) {
	for _, shaken := range []bool{true, false} {
		ours, theirs := overTLS(t)
		c := transport.New(ours)
		j := newJournal(t, c, 10)
		c.Start(j, false)
		if shaken {
			theirs.Write([]byte("x"))
			theirs.Handshake()
		}
		c.CloseSoon()
		<-j.over
		c.Close()
		if c.CloseWrite() {
			t.Error("CloseWrite has ended a direction of a closed connection")
		}
		if n, err := c.TryWrite([]byte("x"), nil); n != 0 || err == nil {
			t.Errorf("TryWrite has returned %d, %v", n, err)
		}
		if _, err := ours.Write([]byte("x")); err == nil {
			t.Error("Write has returned no error")
		}
		if _, err := ours.Read(make([]byte, 1)); err == nil {
			t.Error("Read has returned no error")
		}
		if err := ours.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close has returned %v", err)
		}
	}
}

// TestEndBeforeTLSHandshake checks that a connection whose peer has sent nothing ends when
// its time is over, and when it is closed.
func TestEndBeforeTLSHandshake(t *testing.T) {
	ours, _ := overTLS(t)
	var ts transport.Deadlines
	var of transport.Deadline
	j := newJournal(t, transport.New(ours), 10)
	j.c.Start(j, false)
	ts.Set(&of, j.c, 1)
	<-j.over
	j.wantEnd(os.ErrDeadlineExceeded)
	j.c.Close()

	ours, _ = overTLS(t)
	j = newJournal(t, transport.New(ours), 10)
	j.c.Start(j, false)
	ours.Close() // by the program
	<-j.over
	j.wantEnd(net.ErrClosed)
	j.c.Close()
}
