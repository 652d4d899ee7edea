// Fayeserver is the Rack application of faye-websocket-ruby (examples/app.rb): an
// echo server next to ordinary pages, here for any net/http server.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("fayeserver", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:7000", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return http.Serve(l, app(stdout))
}

// app takes the place of App = lambda do |env| ... end.
func app(stdout io.Writer) http.HandlerFunc {
	options := airsocket.FayeOptions()
	options.Protocols = []string{"irc", "xmpp"}
	options.PingInterval = 5 * time.Second // :ping => 5
	return func(w http.ResponseWriter, r *http.Request) {
		if airsocket.IsWebSocket(r) { // Faye::WebSocket.websocket?(env)
			ws := airsocket.NewSocket(options)
			ws.OnOpen(func(*airsocket.OpenEvent) {
				fmt.Fprintf(stdout, "open %s %v %q\n", ws.Request().Target, ws.Version(), ws.Protocol())
			})
			ws.OnMessage(func(event *airsocket.MessageEvent) {
				ws.SendMessage(event.Kind(), event.Bytes())
			})
			ws.OnClose(func(event *airsocket.CloseEvent) {
				fmt.Fprintf(stdout, "close %d %q\n", event.Code, event.Reason)
			})
			ws.Upgrade(w, r) // Faye::WebSocket.new(env), and its rack_response
		} else {
			io.WriteString(w, "Hello") // a normal HTTP request
		}
	}
}
