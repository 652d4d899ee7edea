// Command raw echoes bytes over TCP without a protocol, with a goroutine for
// each connection, which is the most that a goroutine-per-connection server can
// do here.
package main

import (
	"net"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

func main() {
	server.Accept(func(c net.Conn) {
		defer c.Close()
		size := 64 << 10
		if *server.TLS {
			size = 1 << 10 // so that the memory of TLS itself is measured
		}
		b := make([]byte, size)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
		}
	})
}
