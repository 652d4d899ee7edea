// Airserver is the echo server that Adobe AIR programs build from a
// flash.net.ServerSocket and an air.net.WebSocket for each connection
// (airsdk.dev, air.net.WebSocket: startServer).
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("airserver", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}

	var clients []*airsocket.Socket // one event loop: a plain slice will do

	// serverSocket.addEventListener(ServerSocketConnectEvent.CONNECT, onConnect);
	serverSocket := airsocket.Server{Options: airsocket.AIROptions()}
	serverSocket.OnConnect(func(ws *airsocket.Socket) {
		// AIR: ws = new WebSocket(); ...; ws.startServer(event.socket);
		clients = append(clients, ws)
		airsocket.AddEventListener(ws, airsocket.EventMessage, func(e *airsocket.MessageEvent) {
			switch e.Kind() { // event.format
			case wire.Text:
				fmt.Fprintln(stdout, "text:", e.Text()) // event.stringData
			case wire.Binary:
				fmt.Fprintln(stdout, "binary:", len(e.Bytes()), "bytes") // event.data
			}
			ws.SendMessage(e.Kind(), e.Bytes())
		})
		airsocket.AddEventListener(ws, airsocket.EventClose, func(e *airsocket.CloseEvent) {
			clients = slices.DeleteFunc(clients, func(c *airsocket.Socket) bool { return c == ws })
			fmt.Fprintln(stdout, "closed:", e.Code, "clients left:", len(clients)) // ws.closeReason
		})
	})

	// serverSocket.bind(8080, "127.0.0.1"); serverSocket.listen();
	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return serverSocket.Serve(l)
}
