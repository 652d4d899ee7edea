// Noderandom is the client of the README of WebSocket-Node: it sends a random
// number each second for as long as it is connected.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("noderandom", flag.ContinueOnError)
	url := flags.String("url", "ws://localhost:8080/", "server to connect to")
	every := flags.Duration("every", time.Second, "time between two numbers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client := airsocket.NewSocket(nil) // both WebSocketClient and WebSocketConnection

	client.OnError(func(e *airsocket.ErrorEvent) { // connectFailed, and the connection's error
		fmt.Fprintln(stdout, "Connect Error:", e.Err)
	})
	client.OnClose(func(*airsocket.CloseEvent) {
		fmt.Fprintln(stdout, "echo-protocol Connection Closed")
	})
	client.OnMessage(func(message *airsocket.MessageEvent) {
		if !message.Binary() {
			fmt.Fprintf(stdout, "Received: '%s'\n", message.Text())
		}
	})
	client.OnOpen(func(*airsocket.OpenEvent) { // connect
		fmt.Fprintln(stdout, "WebSocket Client Connected")

		var sendNumber func()
		sendNumber = func() {
			if client.ReadyState() == airsocket.StateOpen { // connection.connected
				number := math.Round(rand.Float64() * 0xFFFFFF)
				client.Send(strconv.FormatFloat(number, 'f', -1, 64))
				airsocket.SetTimeout(sendNumber, *every)
			}
		}
		sendNumber()
	})

	airsocket.Run(func() { err = client.Connect(*url, "echo-protocol") })
	return err
}
