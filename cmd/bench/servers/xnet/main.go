// Command xnet echoes with golang.org/x/net/websocket.
package main

import (
	"log"
	"net/http"

	"golang.org/x/net/websocket"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

func main() {
	s := websocket.Server{Handler: func(c *websocket.Conn) {
		c.MaxPayloadBytes = 64 << 20
		var b []byte
		for websocket.Message.Receive(c, &b) == nil && websocket.Message.Send(c, b) == nil {
		}
	}}
	log.Fatal(http.Serve(server.Listen(), s))
}
