// Command greatws echoes with github.com/antlabs/greatws, which runs callbacks in its epoll
// loops.
package main

import (
	"log"
	"log/slog"
	"net/http"
	"runtime"

	"github.com/antlabs/greatws"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

type handler struct{ *greatws.DefCallback }

func (handler) OnMessage(c *greatws.Conn, op greatws.Opcode, b []byte) { c.WriteMessage(op, b) }

func main() {
	m := greatws.NewMultiEventLoopMust(
		greatws.WithEventLoops(runtime.GOMAXPROCS(0)),
		greatws.WithMaxEventNum(1000),
		greatws.WithLogLevel(slog.LevelError))
	m.Start()
	ln := server.Listen()
	o := []greatws.ServerOption{
		greatws.WithServerCallback(handler{&greatws.DefCallback{}}),
		greatws.WithServerMultiEventLoop(m),
		greatws.WithServerCallbackInEventLoop(),
	}
	if server.Compress() {
		o = append(o, greatws.WithServerDecompressAndCompress())
	}
	u := greatws.NewUpgrade(o...)
	log.Fatal(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := u.Upgrade(w, r); err != nil {
			log.Print(err)
		}
	})))
}
