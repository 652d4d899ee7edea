// Command nbio echoes with github.com/lesismal/nbio in its non-blocking mode.
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

func main() {
	server.Start()
	logging.SetLevel(logging.LevelError)
	u := upgrader()
	e := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp",
		Addrs:   []string{server.Addr()},
		IOMod:   nbhttp.IOModNonBlocking,
		MaxLoad: 1 << 20,

		ReleaseWebsocketPayload: true,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := u.Upgrade(w, r, nil)
			if err != nil {
				log.Print(err)
				return
			}
			c.SetReadDeadline(time.Time{})
		}),
	})
	if err := e.Start(); err != nil {
		log.Fatal(err)
	}
	select {}
}

func upgrader() *websocket.Upgrader {
	var all server.Set[*websocket.Conn]
	u := websocket.NewUpgrader()
	u.KeepaliveTime = 0
	u.EnableCompression(server.Compress())
	u.OnMessage(func(c *websocket.Conn, op websocket.MessageType, b []byte) {
		if !*server.Broadcast {
			c.WriteMessage(op, b)
			return
		}
		all.Each(func(c *websocket.Conn) { c.WriteMessage(op, b) })
	})
	if *server.Broadcast {
		u.OnOpen(all.Add)
		u.OnClose(func(c *websocket.Conn, err error) { all.Remove(c) })
	}
	return u
}
