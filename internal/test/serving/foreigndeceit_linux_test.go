package serving

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestForeignTLSDeceit checks that peers hold up nobody that make the middle of a record
// look like a whole one, so that workers wait for its end.
func TestForeignTLSDeceit(t *testing.T) {
	const conns = 300
	h := newWebHost(t, &airsocket.Options{Parallel: true})
	other, _, _ := h.connect()
	goroutines := runtime.NumGoroutine()
	begin := func() (*wstest.RawPeer, net.Conn) {
		p, below, _ := h.connect()
		tcp := below.Conn
		together := &tlsBatch{Conn: tcp}
		below.Conn = together
		p.Send(wstest.OpText, "x")
		below.Conn = tcp
		// With this, crypto/tls reads the beginning of a record of 512 bytes.
		if _, err := tcp.Write(append(together.b, 23, 3, 3, 2, 0, 9, 9)); err != nil {
			t.Fatal(err)
		}
		p.Want(wstest.OpText, "x")
		return p, tcp
	}
	deceive := func(tcp net.Conn) {
		if _, err := tcp.Write([]byte{23, 3, 3, 0, 1, 7}); err != nil {
			t.Fatal(err)
		}
	}
	for range conns { // one after the other
		_, tcp := begin()
		deceive(tcp)
		exchange(other, "on")
		tcp.Close()
		wstest.Receive(t, h.closed)
	}
	var all []net.Conn
	for range conns {
		_, tcp := begin()
		all = append(all, tcp)
	}
	for _, tcp := range all { // all at once
		deceive(tcp)
	}
	exchange(other, "on")
	late, _, _ := h.connect()
	exchange(late, "on")
	for _, tcp := range all {
		tcp.Close()
	}
	for range all {
		wstest.Receive(t, h.closed)
	}
	more := 0
	wstest.Eventually(t, func() bool {
		more = runtime.NumGoroutine() - goroutines
		return more <= conns/10
	}, func() string { return fmt.Sprintf("%d more goroutines", more) })
	exchange(other, "on")
}
