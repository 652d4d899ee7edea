package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/airsocket/airsocket"
)

func ExampleReconnect() {
	s := airsocket.NewSocket(&airsocket.Options{
		Reconnect: &airsocket.Reconnect{Min: time.Millisecond, Max: time.Second, MaxAttempts: 2},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("there is no server")
		},
	})
	s.OnClose(func(e *airsocket.CloseEvent) { fmt.Println("closed; connects again:", e.WillReconnect) })
	airsocket.Run(func() { s.Connect("ws://example.com/") })
	// Output:
	// closed; connects again: true
	// closed; connects again: true
	// closed; connects again: false
}

func ExampleReconnect_renew() {
	newToken := func(context.Context) (string, error) { return "t2", nil } // asks the server that issues them

	chat := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	chat.OnRequest(func(r *airsocket.Request) {
		if token := r.URL().Query().Get("token"); token != "t2" {
			fmt.Println("refused:", token)
			r.Reject(http.StatusUnauthorized, "")
			return
		}
		s, _ := r.Accept("")
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(airsocket.StatusNormalClosure, "") })
	})
	defer chat.Close()
	l, _ := airsocket.Listen("127.0.0.1:0")
	go chat.Serve(l)
	url := "ws://" + l.Addr().String() + "/?token="

	s := airsocket.NewSocket(&airsocket.Options{Reconnect: &airsocket.Reconnect{
		Min: time.Millisecond,
		Renew: func(ctx context.Context, s *airsocket.Socket) (string, http.Header, error) {
			token, err := newToken(ctx)
			return url + token, nil, err
		},
	}})
	s.OnOpen(func(*airsocket.OpenEvent) { fmt.Println("open") })
	airsocket.Run(func() { s.Connect(url + "t1") })
	// Output:
	// refused: t1
	// open
}
