package transport_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/transport"
)

// CloseWrite ends one direction and leaves the other, where a connection has that. A
// peer of TLS sees the end of the connection below too.
func TestCloseWrite(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		if got := c.CloseWrite(); got != k.half {
			t.Errorf("CloseWrite has returned %v", got)
		}
		if k.half {
			if got := readAll(t, peer); len(got) > 0 {
				t.Errorf("the peer has got %q", got)
			}
			if over, ok := peer.(*tls.Conn); ok {
				if n, err := over.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("below TLS the peer has got %d bytes and %v, want the end", n, err)
				}
			}
		}
		go peer.Write([]byte("still here"))
		b := make([]byte, 20)
		if n, err := io.ReadFull(readerOf(c), b[:10]); err != nil || string(b[:n]) != "still here" {
			t.Errorf("%q, %v", b[:n], err)
		}
	})
}

// readerOf returns c as an io.Reader.
func readerOf(c *transport.Conn) io.Reader { return connReader{c} }

type connReader struct{ *transport.Conn }

// failing is a connection whose sending direction cannot be ended.
type failing struct{ net.Conn }

func (failing) CloseWrite() error { return errors.New("no") }

// over is a layer whose sending direction cannot be ended, as that of TLS before the
// handshake.
type over struct{ failing }

func (o over) NetConn() net.Conn { return o.Conn }

// ended is a layer whose sending direction can be ended.
type ended struct{ failing }

func (ended) CloseWrite() error   { return nil }
func (e ended) NetConn() net.Conn { return e.Conn }

// What counts is whether the peer is told of the end by any of the layers.
func TestCloseWriteThatFails(t *testing.T) {
	ours, theirs := wstest.TCPPair(t)
	if transport.New(failing{ours}).CloseWrite() {
		t.Error("a direction that could not be ended is reported as ended")
	}
	if transport.New(over{failing{failing{ours}}}).CloseWrite() {
		t.Error("a direction that no layer could end is reported as ended")
	}
	if !transport.New(ended{failing{failing{ours}}}).CloseWrite() {
		t.Error("the end of the layer above is not reported")
	}
	if !transport.New(over{failing{ours}}).CloseWrite() {
		t.Error("the end of the layer below is not reported")
	}
	theirs.SetDeadline(time.Now().Add(wstest.Patience))
	if got := readAll(t, theirs); len(got) > 0 {
		t.Errorf("the peer has got %q", got)
	}
}
