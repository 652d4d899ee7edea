// Command gws echoes with github.com/lxzan/gws, on its own listener and with synchronous
// writes.
package main

import (
	"log"

	"github.com/lxzan/gws"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

type handler struct {
	gws.BuiltinEventHandler
	all server.Set[*gws.Conn]
}

func (h *handler) OnOpen(c *gws.Conn) {
	if *server.Broadcast {
		h.all.Add(c)
	}
}

func (h *handler) OnClose(c *gws.Conn, err error) { h.all.Remove(c) }

func (h *handler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if !*server.Broadcast {
		c.WriteMessage(m.Opcode, m.Bytes())
		return
	}
	b := gws.NewBroadcaster(m.Opcode, append([]byte(nil), m.Bytes()...))
	h.all.Each(func(c *gws.Conn) { b.Broadcast(c) })
	b.Close()
}

func main() {
	ln := server.Listen()
	s := gws.NewServer(&handler{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{
			Enabled:               server.Compress(),
			ServerContextTakeover: server.Takeover(),
			ClientContextTakeover: server.Takeover(),
		},
		ReadMaxPayloadSize: 64 << 20, WriteMaxPayloadSize: 64 << 20,
	})
	log.Fatal(s.RunListener(ln))
}
