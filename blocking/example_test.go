package blocking_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/wire"
)

// A script: it connects, asks, prints the answers, and ends with the connection. The server
// answers in a goroutine for each client.
func Example() {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		c, err := blocking.New(s)
		if err != nil {
			log.Print(err)
			return
		}
		go countDown(c)
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()

	if err := script("ws://" + l.Addr().String()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3
	// 2
	// 1
}

func script(url string) error {
	ctx := context.Background()
	c, err := blocking.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.Close(airsocket.StatusNormalClosure, "")
	if err := c.WriteJSON(ctx, map[string]int{"from": 3}); err != nil {
		return err
	}
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", m.Data)
	}
	return nil
}

func countDown(c *blocking.Conn) {
	defer c.Close(airsocket.StatusNormalClosure, "")
	ctx := context.Background()
	var request struct{ From int }
	if err := c.ReadJSON(ctx, &request); err != nil {
		return
	}
	for n := request.From; n > 0; n-- {
		if c.WriteJSON(ctx, n) != nil {
			return
		}
	}
}

// A test of handlers: Pipe connects them with straight-line code, without a network.
func ExampleNew() {
	server := airsocket.NewSocket(nil)
	server.OnMessage(func(e *airsocket.MessageEvent) { server.Send("you said " + e.Text()) })

	client := airsocket.NewSocket(nil)
	c, err := blocking.New(client)
	if err != nil {
		log.Fatal(err)
	}
	if err := airsocket.Pipe(client, server); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := c.Write(ctx, wire.Text, []byte("hello")); err != nil { // waits until it is open
		log.Fatal(err)
	}
	_, data, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", data, err)
	c.Close(airsocket.StatusNormalClosure, "")
	// Output: you said hello, <nil>
}

// Options.Dial and everything else in Options works as it does with a Socket.
func ExampleDial() {
	opts := &airsocket.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		s := airsocket.NewSocket(nil)
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("welcome") })
		return here, s.StartServer(there)
	}}
	c, err := blocking.Dial(context.Background(), "ws://pipe/", opts)
	if err != nil {
		log.Fatal(err)
	}
	kind, data, err := c.Read(context.Background())
	fmt.Printf("%v, %q, %v\n", kind == wire.Text, data, err)
	c.Close(airsocket.StatusNormalClosure, "")
	// Output: true, "welcome", <nil>
}
