// Package client contains what all measured clients share: flags, and the
// payload that they send.
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
	size     = flag.Int("size", 125, "payload size in bytes")
	inflight = flag.Int("inflight", 1, "messages in flight on each connection")
	charset  = flag.String("charset", "binary", "charset of the payload, as in load")
)

// Start parses the flags, serves the control port and waits until the server
// accepts connections.
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

// Addr returns the address of the server.
func Addr() string { return *addr }

// URL returns the URL of the server.
func URL() string { return "ws://" + *addr + "/" }

// Conns returns how many connections to open.
func Conns() int { return *conns }

// Inflight returns how many messages to send on each new connection, before
// answering each received message with another.
func Inflight() int { return *inflight }

// Text reports whether the messages are text.
func Text() bool { return *charset != string(frame.Binary) }

// Payload returns the payload of each message.
func Payload() []byte { return frame.Payload(frame.Charset(*charset), *size, 0) }
