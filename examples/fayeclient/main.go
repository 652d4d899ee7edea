// Fayeclient is the client of faye-websocket-ruby (examples/client.rb and the
// README), with airsocket.Run in place of EM.run.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("fayeclient", flag.ContinueOnError)
	url := flags.String("url", "ws://localhost:7000/", "server to connect to")
	if err := flags.Parse(args); err != nil {
		return err
	}

	airsocket.Run(func() {
		// socket = Faye::WebSocket::Client.new(url)
		socket := airsocket.NewSocket(airsocket.FayeOptions())
		err = socket.Connect(*url)
		fmt.Fprintln(stdout, "Connecting to", *url)

		// Handlers may be set after Connect: no event comes before this
		// function returns.
		socket.OnOpen(func(*airsocket.OpenEvent) {
			fmt.Fprintln(stdout, "open")
			socket.Send("Hello, WebSocket!")
		})
		socket.OnMessage(func(event *airsocket.MessageEvent) {
			fmt.Fprintln(stdout, "message", event.Text())
		})
		socket.OnClose(func(event *airsocket.CloseEvent) {
			fmt.Fprintf(stdout, "close %d %q\n", event.Code, event.Reason)
			// EM.stop is not needed: Run returns when nothing is left to do.
		})
	})
	return err
}
