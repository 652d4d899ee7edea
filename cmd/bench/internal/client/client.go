// Package client has what every measured client program shares: flags, and the
// payload that it sends.
package client

import (
	"flag"
	"net"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
)

var (
	addr     = flag.String("addr", "127.0.0.1:9001", "address of the server")
	conns    = flag.Int("conns", 1, "connections")
	size     = flag.Int("size", 125, "bytes of payload")
	inflight = flag.Int("inflight", 1, "messages on the way on each connection")
	charset  = flag.String("charset", "binary", "of the payload, as load has it")
)

// Start parses the flags, serves the control port and waits until the server is
// there.
func Start() {
	control.Flags()
	flag.Parse()
	control.Serve()
	for {
		c, err := net.Dial("tcp", *addr)
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Addr is the address of the server.
func Addr() string { return *addr }

// URL is that of the server.
func URL() string { return "ws://" + *addr + "/" }

// Conns is how many connections to open.
func Conns() int { return *conns }

// Inflight is how many messages to send at first on each connection, before
// each message that is received is answered with another.
func Inflight() int { return *inflight }

// Text reports whether the messages are text.
func Text() bool { return *charset != string(frame.Binary) }

// Payload is that of each message.
func Payload() []byte { return frame.Payload(frame.Charset(*charset), *size, 0) }
