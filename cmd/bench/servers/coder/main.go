// Command coder echoes with github.com/coder/websocket: it reads into a pooled
// buffer, and writes once.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/coder/websocket"

	"github.com/airsocket/airsocket/cmd/bench/internal/bufs"
	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

var all server.Set[*websocket.Conn]

func main() {
	server.ServeHTTP(func(w http.ResponseWriter, r *http.Request) {
		o := &websocket.AcceptOptions{InsecureSkipVerify: true}
		if server.Compress() {
			o.CompressionMode = websocket.CompressionNoContextTakeover
			if server.Takeover() {
				o.CompressionMode = websocket.CompressionContextTakeover
			}
		}
		c, err := websocket.Accept(w, r, o)
		if err != nil {
			log.Print(err)
			return
		}
		c.SetReadLimit(-1)
		go func() {
			if *server.Broadcast {
				all.Add(c)
				defer all.Remove(c)
			}
			defer c.CloseNow()
			for echo(c) == nil {
			}
		}()
	})
}

func echo(c *websocket.Conn) error {
	ctx := context.Background()
	op, r, err := c.Reader(ctx)
	if err != nil {
		return err
	}
	return bufs.With(r, func(b []byte) error {
		if !*server.Broadcast {
			return c.Write(ctx, op, b)
		}
		all.Each(func(c *websocket.Conn) { c.Write(ctx, op, b) })
		return nil
	})
}
