// Command raw echoes bytes over TCP without a protocol, with a goroutine for
// each connection, which is the most that a goroutine-per-connection server can
// do here. A flag ends the goroutines, which leaves only what package net, and
// with TLS crypto/tls, keeps for a connection.
package main

import (
	"flag"
	"net"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

var (
	held = flag.Bool("held", false, "after the first echo, only hold each connection, without a goroutine")
	all  server.Set[net.Conn]
)

// With TLS, the buffer for reading is small until a message fills it, so that
// the memory of TLS itself is measured on connections with short messages.
const small, large = 1 << 10, 64 << 10

func main() {
	server.Accept(func(c net.Conn) {
		if *held {
			all.Add(c)
		} else {
			defer c.Close()
		}
		b := make([]byte, large)
		if *server.TLS {
			b = make([]byte, small)
		}
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if _, err := c.Write(b[:n]); err != nil || *held {
				return
			}
			if n == len(b) && n == small {
				b = make([]byte, large)
			}
		}
	})
}
