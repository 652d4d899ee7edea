// Rooms is a chat with rooms. The query of the URL names a room and the client, and each
// room is a topic: what a client sends is published to all in its room.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

//go:embed rooms.html
var page []byte

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("rooms", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:1338", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}

	srv := &airsocket.Server{Options: &airsocket.Options{MaxMessage: 4 << 10}, MaxConns: 1000}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	srv.OnRequest(func(r *airsocket.Request) {
		if q := r.URL().Query(); !isName(q.Get("room")) || !isName(q.Get("name")) {
			r.Reject(http.StatusBadRequest, "room and name have 1 to 20 characters")
			return
		}
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		q := s.HTTPRequest().URL.Query()
		room, name := q.Get("room"), q.Get("name")
		say := func(line string) { srv.Publish(room, wire.Text, []byte(line)) }
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Subscribe(room)
			say("* " + name + " has joined")
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { say(name + ": " + e.Text()) })
		s.OnClose(func(*airsocket.CloseEvent) { say("* " + name + " has left") })
	})

	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return srv.Serve(l)
}

func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 20
}
