// Jspage serves the sample page of web-socket-js (sample.html), the echo server
// that it talks to, and the socket policy that Flash requests before it
// connects.
package main

import (
	"embed"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

//go:embed sample.html
var page embed.FS

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("jspage", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:10081", "address to listen on")
	domains := flags.String("domains", "localhost,127.0.0.1", "hosts of the pages that may connect with Flash")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}

	// Flash requests a policy on port 843, and then on the port of the
	// WebSocket, where web-socket-ruby and em-websocket answer it too.
	policy := airsocket.FlashPolicyFor(strings.Split(*domains, ","), l.Addr())
	server := airsocket.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, page, "sample.html")
		}),
		FlashPolicy: &policy,
		// Older releases of web-socket-js speak the hixie versions.
		Options: &airsocket.Options{Versions: wire.AllVersions()},
	}
	server.OnConnect(func(ws *airsocket.Socket) {
		ws.OnMessage(func(e *airsocket.MessageEvent) { ws.Send(e.Text()) })
	})
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return server.Serve(l)
}
