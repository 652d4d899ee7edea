// Airsocket is a chat with rooms. It does the same as the program in the folder coder, which
// uses coder/websocket.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:1338", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", l.Addr())

	srv := newServer()
	web := &http.Server{Handler: srv}
	go web.Serve(l)
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(web.Shutdown(ctx), srv.Shutdown(ctx)); err != nil {
		log.Fatal(err)
	}
}

func newServer() *airsocket.Server {
	srv := &airsocket.Server{
		Options:  &airsocket.Options{MaxMessage: 4 << 10, MaxBuffered: 64 << 10, PingInterval: 30 * time.Second},
		MaxConns: 1000,
	}
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
		say := func(line string) { srv.Publish(room, wire.Text, []byte(line)) } // skips slow ones
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Subscribe(room)
			say("* " + name + " has joined")
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { say(name + ": " + e.Text()) })
		s.OnClose(func(*airsocket.CloseEvent) { say("* " + name + " has left") })
	})
	return srv
}

func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 20
}
