// Command gwsclient is a client that uses github.com/lxzan/gws. It answers each
// message with another.
package main

import (
	"log"

	"github.com/lxzan/gws"

	"github.com/airsocket/airsocket/cmd/bench/internal/client"
)

type handler struct {
	gws.BuiltinEventHandler
	opcode  gws.Opcode
	payload []byte
}

func (h *handler) send(c *gws.Conn) {
	// WriteMessage masks in place, in a buffer of its own.
	if err := c.WriteMessage(h.opcode, h.payload); err != nil {
		log.Fatal(err)
	}
}

func (h *handler) OnMessage(c *gws.Conn, m *gws.Message) {
	m.Close()
	h.send(c)
}

func main() {
	client.Start()
	h := &handler{opcode: gws.OpcodeBinary, payload: client.Payload()}
	if client.Text() {
		h.opcode = gws.OpcodeText
	}
	for range client.Conns() {
		c, _, err := gws.NewClient(h, &gws.ClientOption{Addr: client.URL()})
		if err != nil {
			log.Fatal(err)
		}
		for range client.Inflight() {
			h.send(c)
		}
		go c.ReadLoop()
	}
	select {}
}
