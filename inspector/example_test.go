package inspector_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/inspector"
	"github.com/airsocket/airsocket/wire"
)

// A server of echoes on a listener of its own, with the page at /inspect/. What follows does
// what the page does, to show what it gets.
func ExampleObserve() {
	srv := new(airsocket.Server)
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	mux := http.NewServeMux()
	mux.Handle("/inspect/", http.StripPrefix("/inspect", inspector.Observe(srv)))
	srv.Handler = mux

	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Shutdown(context.Background())

	ctx, url := context.Background(), "ws://"+l.Addr().String()
	browser := &airsocket.Options{Origin: "http://" + l.Addr().String()}
	browser.Jar, _ = cookiejar.New(nil)
	page := http.Client{Jar: browser.Jar}
	if _, err := page.Get(browser.Origin + "/inspect/"); err != nil {
		log.Fatal(err)
	}
	own := browser.Clone()
	own.Protocols = []string{"airsocket-observe"}
	observer, err := blocking.Dial(ctx, url+"/inspect/observe", own)
	if err != nil {
		log.Fatal(err)
	}
	defer observer.Close(1000, "")
	observer.WriteJSON(ctx, map[string]string{"watch": "/echo?n=1"})

	var event struct {
		Event, Line, Version, Direction, Type string
		Bytes, Code                           int
	}
	for observer.ReadJSON(ctx, &event) == nil {
		switch event.Event {
		case "watching":
			go sayHello(url+"/echo?n=1", browser)
		case "request", "answer":
			fmt.Println(event.Line)
		case "open":
			fmt.Println("open:", event.Version)
		case "frame":
			fmt.Println(event.Direction, event.Type, event.Bytes)
		case "close":
			fmt.Println("closed:", event.Code)
			return
		}
	}
	// Output:
	// GET /echo?n=1 HTTP/1.1
	// HTTP/1.1 101 Switching Protocols
	// open: RFC 6455
	// received text 5
	// sent text 5
	// closed: 1000
}

func sayHello(url string, browser *airsocket.Options) {
	ctx := context.Background()
	c, err := blocking.Dial(ctx, url, browser)
	if err != nil {
		log.Fatal(err)
	}
	c.Write(ctx, wire.Text, []byte("hello"))
	c.Read(ctx)
	c.Close(1000, "")
}
