// Command gorillaclient is a client that uses github.com/gorilla/websocket. It
// answers each message with another.
package main

import (
	"log"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/airsocket/airsocket/cmd/bench/internal/bufs"
	"github.com/airsocket/airsocket/cmd/bench/internal/client"
)

func main() {
	client.Start()
	payload, op := client.Payload(), websocket.BinaryMessage
	if client.Text() {
		op = websocket.TextMessage
	}
	d := websocket.Dialer{WriteBufferPool: &sync.Pool{}}
	for range client.Conns() {
		c, _, err := d.Dial(client.URL(), nil)
		if err != nil {
			log.Fatal(err)
		}
		for range client.Inflight() {
			if err := c.WriteMessage(op, payload); err != nil {
				log.Fatal(err)
			}
		}
		go func() {
			for {
				if err := exchange(c, op, payload); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	select {}
}

// exchange reads a message into a pooled buffer and sends another.
func exchange(c *websocket.Conn, op int, payload []byte) error {
	_, r, err := c.NextReader()
	if err != nil {
		return err
	}
	if err := bufs.With(r, func([]byte) error { return nil }); err != nil {
		return err
	}
	return c.WriteMessage(op, payload)
}
