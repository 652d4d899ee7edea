// Command rawclient is a client that speaks no protocol and has a goroutine for
// each connection, which is the most that a goroutine-per-connection client can
// do.
package main

import (
	"bytes"
	"log"
	"net"

	"github.com/airsocket/airsocket/cmd/bench/internal/client"
)

func main() {
	client.Start()
	payload := client.Payload()
	batch := bytes.Repeat(payload, client.Inflight())
	for range client.Conns() {
		c, err := net.Dial("tcp", client.Addr())
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Write(batch); err != nil {
			log.Fatal(err)
		}
		go exchange(c, batch, len(payload))
	}
	select {}
}

// exchange writes as many whole messages as it has read.
func exchange(c net.Conn, batch []byte, size int) {
	b := make([]byte, 64<<10)
	for got := 0; ; {
		n, err := c.Read(b)
		if err != nil {
			log.Fatal(err)
		}
		got += n
		whole := got / size * size
		got -= whole
		for whole > 0 {
			part := min(whole, len(batch))
			if _, err := c.Write(batch[:part]); err != nil {
				log.Fatal(err)
			}
			whole -= part
		}
	}
}
