// Command crowd is a crowd of bots in a chat. Each says who it is, and leaves when it has heard
// somebody.
//
//	go run ./examples/crowd ws://127.0.0.1:8080/ 100
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/airsocket/airsocket"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: crowd URL NUMBER")
	}
	n, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = run(os.Args[1], n, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run opens n connections to a server that sends each message to all, or back. The handlers of
// all bots run in one Dispatcher, so they share variables without a lock.
func run(url string, n int, out io.Writer) (err error) {
	loop := new(airsocket.Dispatcher)
	loop.Run(func() {
		for i := range n {
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: loop})
			s.OnOpen(func(*airsocket.OpenEvent) { s.Send(fmt.Sprint("I am ", i)) })
			s.OnMessage(func(*airsocket.MessageEvent) { s.Close(1000, "") })
			s.OnClose(func(e *airsocket.CloseEvent) { fmt.Fprintln(out, i, "has left:", e.Code) })
			err = errors.Join(err, s.Connect(url))
		}
	})
	return err
}
