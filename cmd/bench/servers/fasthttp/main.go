// Command fasthttp echoes with github.com/fasthttp/websocket on fasthttp's server.
package main

import (
	"compress/flate"
	"log"
	"sync"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"

	"github.com/airsocket/airsocket/cmd/bench/internal/bufs"
	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

func main() {
	ln := server.Listen()
	u := websocket.FastHTTPUpgrader{WriteBufferPool: &sync.Pool{}, EnableCompression: server.Compress()}
	log.Fatal(fasthttp.Serve(ln, func(ctx *fasthttp.RequestCtx) {
		err := u.Upgrade(ctx, func(c *websocket.Conn) {
			c.SetCompressionLevel(flate.BestSpeed)
			for echo(c) == nil {
			}
		})
		if err != nil {
			log.Print(err)
		}
	}))
}

func echo(c *websocket.Conn) error {
	op, r, err := c.NextReader()
	if err != nil {
		return err
	}
	return bufs.With(r, func(b []byte) error { return c.WriteMessage(op, b) })
}
