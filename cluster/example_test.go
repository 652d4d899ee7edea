package cluster_test

import (
	"log"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/wire"
)

// A server of which several can run, behind a load balancer: each sends everything to the
// sockets of all.
func ExampleConnect() {
	plane, err := cluster.Connect("nats://10.0.0.1,nats://10.0.0.2", "news", nats.UserCredentials("news.creds"))
	if err != nil {
		log.Fatal(err)
	}
	defer plane.Close()
	srv := &airsocket.Server{Addr: ":8080", Backplane: plane}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Subscribe("news") })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if _, err := srv.Publish("news", wire.Text, e.Bytes()); err != nil {
				log.Print(err)
			}
		})
	})
	log.Print(srv.ListenAndServe())
}
