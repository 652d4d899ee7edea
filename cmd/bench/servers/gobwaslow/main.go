// Command gobwaslow echoes with the frame functions of github.com/gobwas/ws as
// a careful user would: with buffered reads, a payload buffer that is reused,
// and one write for all the answers to one read.
package main

import (
	"bufio"
	"io"
	"log"
	"net"

	"github.com/gobwas/ws"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

func main() {
	server.Accept(func(c net.Conn) {
		defer c.Close()
		if _, err := ws.Upgrade(c); err != nil {
			log.Print(err)
			return
		}
		r, w := bufio.NewReaderSize(c, 4096), bufio.NewWriterSize(c, 4096)
		var payload []byte
		for {
			h, err := ws.ReadHeader(r)
			if err != nil || h.OpCode == ws.OpClose {
				return
			}
			n := int(h.Length)
			if cap(payload) < n {
				payload = make([]byte, n)
			}
			p := payload[:n]
			if _, err := io.ReadFull(r, p); err != nil {
				return
			}
			if h.Masked {
				ws.Cipher(p, h.Mask, 0)
			}
			ws.WriteHeader(w, ws.Header{Fin: h.Fin, OpCode: h.OpCode, Length: h.Length})
			w.Write(p)
			if r.Buffered() == 0 && w.Flush() != nil {
				return
			}
		}
	})
}
