// Command gws echoes with github.com/lxzan/gws, on its own listener and with synchronous
// writes.
package main

import (
	"log"
	"time"

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
	if *server.Flood {
		if server.Answer(m.Bytes(), func(b []byte) error {
			c.SetWriteDeadline(time.Now().Add(server.FloodTimeout))
			return c.WriteMessage(m.Opcode, b)
		}) != nil {
			c.NetConn().Close()
		}
		return
	}
	if !*server.Broadcast {
		c.WriteMessage(m.Opcode, m.Bytes())
		return
	}
	b := gws.NewBroadcaster(m.Opcode, append([]byte(nil), m.Bytes()...))
	h.all.Each(func(c *gws.Conn) { b.Broadcast(c) })
	b.Close()
}

// OnPing answers, as every other server does by itself.
func (h *handler) OnPing(c *gws.Conn, payload []byte) {
	if *server.Flood {
		c.SetWriteDeadline(time.Now().Add(server.FloodTimeout))
		c.WritePong(payload)
	}
}

func main() {
	ln := server.Listen()
	longest, handshake := 64<<20, 5*time.Second // the default
	if *server.Flood {
		longest, handshake = server.FloodMessage, server.FloodTimeout
	}
	s := gws.NewServer(&handler{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{
			Enabled:               server.Compress(),
			ServerContextTakeover: server.Takeover(),
			ClientContextTakeover: server.Takeover(),
		},
		ReadMaxPayloadSize: longest, WriteMaxPayloadSize: longest, HandshakeTimeout: handshake,
	})
	log.Fatal(s.RunListener(ln))
}
