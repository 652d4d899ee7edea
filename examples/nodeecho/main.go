// Nodeecho is the echo server of the README of WebSocket-Node (the npm package
// websocket), which accepts or rejects each request.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("nodeecho", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	origin := flags.String("origin", "https://example.com", "origin of the pages that may connect")
	if err := flags.Parse(args); err != nil {
		return err
	}

	originIsAllowed := func(got string) bool {
		return got == "" || got == *origin // not a browser, or one of our pages
	}

	wsServer := &airsocket.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(stdout, "received request for", r.URL)
			w.WriteHeader(http.StatusNotFound)
		}),
		// WebSocket-Node leaves the origin to the program. Without this option,
		// the Server would reject all origins but its own before it calls
		// OnRequest.
		Options: &airsocket.Options{Origins: []string{"*"}},
	}

	wsServer.OnRequest(func(request *airsocket.Request) {
		if !originIsAllowed(request.Origin) {
			request.Reject(http.StatusForbidden, "")
			fmt.Fprintln(stdout, "connection from origin", request.Origin, "rejected")
			return
		}
		connection, err := request.Accept("echo-protocol")
		if err != nil { // the client did not ask for this subprotocol; accept would throw
			request.Reject(http.StatusBadRequest, err.Error())
			return
		}
		fmt.Fprintln(stdout, "connection accepted")
		connection.OnMessage(func(message *airsocket.MessageEvent) {
			if message.Binary() {
				fmt.Fprintln(stdout, "received binary message of", len(message.Bytes()), "bytes")
				connection.SendBytes(message.Bytes())
			} else {
				fmt.Fprintln(stdout, "received message:", message.Text())
				connection.Send(message.Text())
			}
		})
		connection.OnClose(func(e *airsocket.CloseEvent) {
			fmt.Fprintln(stdout, "peer", request.RemoteIP(), "disconnected:", e.Code)
		})
	})

	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return wsServer.Serve(l)
}
