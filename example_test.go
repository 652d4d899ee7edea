package airsocket_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
)

// echoServer starts a server for the examples to talk to.
func echoServer() (url string, stop func()) {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(l)
	return "ws://" + l.Addr().String() + "/", func() { srv.Shutdown(context.Background()) }
}

// This client exits when its socket has closed: Run returns when nothing is left
// that could cause an event.
func ExampleSocket_Connect() {
	url, stop := echoServer()
	defer stop()

	events := new(airsocket.Dispatcher)
	events.Run(func() {
		ws := airsocket.NewSocket(&airsocket.Options{Dispatcher: events})
		ws.OnOpen(func(*airsocket.OpenEvent) {
			fmt.Println("open")
			ws.Send("hello")
		})
		ws.OnMessage(func(e *airsocket.MessageEvent) {
			fmt.Println("message:", e.Text())
			ws.Close(airsocket.StatusNormalClosure, "bye")
		})
		ws.OnError(func(e *airsocket.ErrorEvent) { fmt.Println("error:", e.Err) })
		ws.OnClose(func(e *airsocket.CloseEvent) { fmt.Println("close:", e.Code, e.Reason, e.WasClean) })
		if err := ws.Connect(url); err != nil {
			fmt.Println(err)
		}
	})
	// Output:
	// open
	// message: hello
	// close: 1000 bye true
}

// The handlers of this server run one at a time, so they can share the list of
// sockets without a lock.
func ExampleServer() {
	var sockets []*airsocket.Socket
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { sockets = append(sockets, s) })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			for i, other := range sockets {
				other.Send(fmt.Sprintf("%s to %d", e.Text(), i))
			}
		})
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	airsocket.Run(func() {
		go srv.Serve(l)
		ws := airsocket.NewSocket(nil)
		ws.OnOpen(func(*airsocket.OpenEvent) { ws.Send("news") })
		ws.OnMessage(func(e *airsocket.MessageEvent) {
			fmt.Println(e.Text())
			go srv.Shutdown(context.Background())
		})
		ws.OnClose(func(e *airsocket.CloseEvent) { fmt.Println("close:", e.Code) })
		ws.Connect("ws://" + l.Addr().String())
	})
	// Output:
	// news to 0
	// close: 1001
}

// This server runs a WebSocket on a connection that other code has accepted.
func ExampleSocket_StartServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		s := airsocket.NewSocket(nil)
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send("welcome")
			s.Close(airsocket.StatusGoingAway, "that was all")
		})
		s.StartServer(conn)
	}()

	airsocket.Run(func() {
		ws := airsocket.NewSocket(nil)
		ws.OnMessage(func(e *airsocket.MessageEvent) { fmt.Println(e.Text()) })
		ws.OnClose(func(e *airsocket.CloseEvent) { fmt.Println(e.Code, e.Reason) })
		ws.Connect("ws://" + l.Addr().String())
	})
	// Output:
	// welcome
	// 1001 that was all
}

// This handler of a net/http server opens a WebSocket.
func ExampleSocket_Upgrade() {
	mux := http.NewServeMux()
	mux.HandleFunc("/chat", func(w http.ResponseWriter, r *http.Request) {
		s := airsocket.NewSocket(nil)
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(strings.ToUpper(e.Text())) })
		if err := s.Upgrade(w, r); err != nil {
			log.Print(err) // the client has been answered
		}
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()

	airsocket.Run(func() {
		ws := airsocket.NewSocket(nil)
		ws.OnOpen(func(*airsocket.OpenEvent) { ws.Send("hello") })
		ws.OnMessage(func(e *airsocket.MessageEvent) {
			fmt.Println(e.Text())
			ws.Close(0, "")
		})
		ws.Connect("ws" + strings.TrimPrefix(srv.URL, "http") + "/chat")
	})
	// Output:
	// HELLO
}

// Run runs its function in the first turn and waits for everything that the
// function has started, as in EventMachine and Node.
func ExampleDispatcher_Run() {
	d := new(airsocket.Dispatcher)
	d.Run(func() {
		d.Post(func() { fmt.Println("then this") })
		fmt.Println("first this")
	})
	fmt.Println("and nothing is left")
	// Output:
	// first this
	// then this
	// and nothing is left
}

func ExampleSetTimeout() {
	airsocket.Run(func() {
		count := 0
		var ticker *airsocket.Timer
		ticker = airsocket.SetInterval(func() {
			count++
			fmt.Println("tick", count)
			if count == 3 {
				ticker.Clear()
			}
		}, time.Millisecond)
		never := airsocket.SetTimeout(func() { fmt.Println("never") }, time.Hour)
		never.Clear()
	})
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

func ExampleAddEventListener() {
	url, stop := echoServer()
	defer stop()

	events := new(airsocket.Dispatcher)
	events.Run(func() {
		ws := airsocket.NewSocket(&airsocket.Options{Dispatcher: events})
		airsocket.AddEventListener(ws, airsocket.EventMessage, func(e *airsocket.MessageEvent) {
			fmt.Println("later:", e.Text())
			ws.Close(0, "")
		})
		airsocket.AddEventListener(ws, airsocket.EventMessage, func(e *airsocket.MessageEvent) {
			fmt.Println("first:", e.Text())
		}, airsocket.Priority(1))
		airsocket.AddEventListener(ws, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			ws.Send("hello")
		}, airsocket.Once())
		ws.Connect(url)
	})
	// Output:
	// first: hello
	// later: hello
}
