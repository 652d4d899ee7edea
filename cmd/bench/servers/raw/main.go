// Command raw echoes bytes over TCP with no protocol, one goroutine for each
// connection: the most that a goroutine-per-connection server can do here.
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
			size = 1 << 10 // what TLS itself holds is to be weighed
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
