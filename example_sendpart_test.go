package airsocket_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// What is read from somewhere is sent as one message that is never in memory as a whole.
func ExampleSocket_SendPart() {
	file := io.Reader(strings.NewReader("a message that is much longer than a part"))

	client, server := airsocket.NewSocket(nil), airsocket.NewSocket(nil)
	part := make([]byte, 10)
	send := func() {
		for file != nil && client.BufferedAmount() < 1<<20 {
			n, err := io.ReadFull(file, part)
			if err := client.SendPart(wire.Binary, part[:n], err != nil); err != nil {
				fmt.Println(err)
			}
			if err != nil { // io.EOF, for instance
				file = nil
			}
		}
	}
	client.OnOpen(func(*airsocket.OpenEvent) { send() })
	client.OnDrain(func(*airsocket.DrainEvent) { send() }) // there is room again
	server.OnMessage(func(e *airsocket.MessageEvent) {
		fmt.Printf("%s\n", e.Bytes())
		server.Close(1000, "")
	})
	airsocket.Run(func() { airsocket.Pipe(client, server) })
	// Output: a message that is much longer than a part
}
