// Command airsocketclient is a client that uses this library. It answers each
// message with another.
package main

import (
	"flag"
	"log"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/bench/internal/client"
	"github.com/airsocket/airsocket/wire"
)

var shared = flag.Bool("default", false, "run all handlers in the default Dispatcher, without Options.Parallel")

func main() {
	client.Start()
	opts := &airsocket.Options{Parallel: !*shared}
	kind := wire.Binary
	if client.Text() {
		kind = wire.Text
	}
	payload := client.Payload()
	for range client.Conns() {
		s := airsocket.NewSocket(opts)
		send := func() {
			if err := s.SendMessage(kind, payload); err != nil {
				log.Fatal(err)
			}
		}
		s.OnOpen(func(*airsocket.OpenEvent) {
			for range client.Inflight() {
				send()
			}
		})
		s.OnMessage(func(*airsocket.MessageEvent) { send() })
		s.OnError(func(e *airsocket.ErrorEvent) { log.Fatal(e.Err) })
		if err := s.Connect(client.URL()); err != nil {
			log.Fatal(err)
		}
	}
	select {}
}
