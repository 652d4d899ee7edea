// Command airsocket echoes with this library, on a listener of its own and with
// a Dispatcher for each socket. Flags select one Dispatcher for all sockets, or
// net/http.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

var (
	shared = flag.Bool("default", false, "run all handlers in the default Dispatcher, without Options.Parallel")
	ping   = flag.Duration("ping", 0, "send a ping on each connection that has received nothing for this long")
	inHTTP = flag.Bool("http", false, "use Upgrade in net/http instead of a listener of its own")
)

// longest is the length of the longest message in the scenarios, times the
// number of messages in flight.
const longest = 64 << 20

var srv airsocket.Server

func main() {
	server.Start()
	l, err := airsocket.Listen(server.Addr())
	if err != nil {
		log.Fatal(err)
	}
	opts := &airsocket.Options{
		Parallel:     !*shared,
		MaxMessage:   longest,
		MaxFrame:     longest,
		MaxBuffered:  longest,
		PingInterval: *ping,
	}
	if *server.Flood { // the defaults, but for the time
		opts.MaxMessage, opts.MaxFrame, opts.MaxBuffered = server.FloodMessage, server.FloodMessage, 0
		opts.HandshakeTimeout, opts.CloseTimeout = server.FloodTimeout, server.FloodTimeout
	}
	switch {
	case server.Takeover():
		opts.Compression = airsocket.CompressionTakeover
	case server.Compress():
		opts.Compression = airsocket.CompressionNoTakeover
	}
	if *inHTTP {
		serveHTTP(server.Secure(l), opts)
	}
	srv.Options = opts
	if *server.TLS {
		srv.TLSConfig = server.TLSConfig()
	}
	srv.OnConnect(attach)
	log.Fatal(srv.Serve(l))
}

func attach(s *airsocket.Socket) {
	if *server.Broadcast {
		s.OnMessage(broadcast)
	} else if *server.Flood {
		s.OnMessage(answer)
	} else {
		s.OnMessage(echo)
	}
}

func echo(e *airsocket.MessageEvent) {
	if err := e.Target().SendMessage(e.Kind(), e.Bytes()); err != nil {
		log.Print(err)
	}
}

// answer sends no more to a peer that does not read, and keeps its connection.
func answer(e *airsocket.MessageEvent) {
	server.Answer(e.Bytes(), func(b []byte) error { return e.Target().SendMessage(e.Kind(), b) })
}

func broadcast(e *airsocket.MessageEvent) {
	if _, err := srv.Broadcast(e.Kind(), e.Bytes(), nil); err != nil {
		log.Print(err)
	}
}

// serveHTTP serves l with net/http. It cannot broadcast, because the sockets
// belong to no Server.
func serveHTTP(l net.Listener, opts *airsocket.Options) {
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := airsocket.NewSocket(opts)
		s.OnMessage(echo)
		if err := s.Upgrade(w, r); err != nil {
			log.Print(err)
		}
	})))
}
