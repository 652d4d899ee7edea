//go:build linux

package connect_test

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// startLosing starts a server that ends its first connection when lose is closed, and answers
// the handshakes of others after accept is closed. They send a text back once.
func startLosing(t *testing.T) (url string, lose, accept chan struct{}) {
	lose, accept = make(chan struct{}), make(chan struct{})
	var connections atomic.Int32
	return "ws://" + clitest.Listen(t, func(c net.Conn) {
		if connections.Add(1) == 1 {
			clitest.AcceptRaw(c)
			<-lose
			return
		}
		select {
		case <-accept:
		case <-t.Context().Done():
			return
		}
		clitest.AcceptRaw(c)
		frame := make([]byte, 6+5) // the text "again", masked
		for n := 0; n < len(frame); {
			m, err := c.Read(frame[n:])
			if err != nil {
				t.Error(err)
				return
			}
			n += m
		}
		for i := range frame[6:] {
			frame[6+i] ^= frame[2+i%4]
		}
		c.Write(append([]byte("\x81\x05"), frame[6:]...))
		c.Write([]byte("\x88\x02\x03\xe8"))
		c.Read(frame)
	}), lose, accept
}

// Between two connections the prompt stays, and what is typed is refused.
func TestTerminalReconnects(t *testing.T) {
	t.Parallel()
	url, lose, accept := startLosing(t)
	k := clitest.NewKeyboard(t)
	code := connectAt(k, "-reconnect", url)
	k.Type("half ")
	k.Wait("half ")
	close(lose)
	k.Wait("* close 1006 ")
	k.Wait("* reconnect in ")
	k.Wait(console.Prompt + "half ") // drawn again
	k.Type("a line\r")
	const refused = "* not sent, because there is no connection at the moment\r\n"
	k.Wait(refused)
	k.Type("/ping\r")
	k.Wait(refused)
	k.Type("/stats\r")
	k.Wait("  open      not at the moment\r\n")
	close(accept)
	k.Wait("* open " + url)
	k.Wait(console.Prompt)
	k.Type("again\r")
	k.Wait("< again\r\n")
	k.Wait("* close 1000\r\n")
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
}

// While there is no connection, /close, Ctrl-D and Ctrl-C end the program.
func TestTerminalEndsBetweenConnections(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"/close\r", "\x04", "\x03"} {
		url, lose, _ := startLosing(t)
		k := clitest.NewKeyboard(t)
		code := connectAt(k, "-reconnect", url)
		close(lose)
		k.Wait("* reconnect in ")
		k.Wait(console.Prompt)
		k.Type(key)
		k.Wait("* error ")
		if got := <-code; got != exit.Connect {
			t.Errorf("%q: exit code %d", key, got)
		}
	}
}
