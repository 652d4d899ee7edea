// Command gobwas echoes with the helpers of github.com/gobwas/ws/wsutil, and
// with wsflate's helper when compressing.
package main

import (
	"io"
	"log"
	"net"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

var all server.Set[net.Conn]

func main() {
	server.Accept(func(c net.Conn) {
		defer c.Close()
		u := ws.Upgrader{}
		var ext wsflate.Extension
		if server.Compress() {
			ext.Parameters = wsflate.DefaultParameters
			u.Negotiate = func(o httphead.Option) (httphead.Option, error) { return ext.Negotiate(o) }
		}
		if _, err := u.Upgrade(c); err != nil {
			log.Print(err)
			return
		}
		if *server.Broadcast {
			all.Add(c)
			defer all.Remove(c)
		}
		for echo(c) == nil {
		}
	})
}

func echo(c net.Conn) error {
	if server.Compress() {
		return echoFlate(c)
	}
	b, op, err := wsutil.ReadClientData(c)
	if err != nil {
		return err
	}
	if !*server.Broadcast {
		return wsutil.WriteServerMessage(c, op, b)
	}
	frame := ws.MustCompileFrame(ws.NewFrame(op, true, b))
	all.Each(func(c net.Conn) { c.Write(frame) })
	return nil
}

func echoFlate(c net.Conn) error {
	h, err := ws.ReadHeader(c)
	if err != nil {
		return err
	}
	if h.OpCode == ws.OpClose {
		return io.EOF
	}
	payload := make([]byte, h.Length) // the load generator can be trusted
	if _, err := io.ReadFull(c, payload); err != nil {
		return err
	}
	f := ws.UnmaskFrameInPlace(ws.Frame{Header: h, Payload: payload})
	if ok, err := wsflate.IsCompressed(f.Header); err != nil {
		return err
	} else if ok {
		if f, err = wsflate.DecompressFrame(f); err != nil {
			return err
		}
	}
	if f, err = wsflate.CompressFrame(ws.NewFrame(f.Header.OpCode, true, f.Payload)); err != nil {
		return err
	}
	return ws.WriteFrame(c, f)
}
