package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
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
