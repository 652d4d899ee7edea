// Command crowd is a crowd of bots in a chat. Each sends its number when it is there, and they
// all leave when everybody has heard everybody.
//
//	go run ./examples/crowd ws://127.0.0.1:8080/ 100
package main

import (
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

// run opens n connections to a server that sends each message to all. The handlers of all bots
// run in one Dispatcher, so they share variables without a lock.
func run(url string, n int, out io.Writer) (err error) {
	loop, open, heard := new(airsocket.Dispatcher), 0, 0
	var crowd []*airsocket.Socket
	loop.Run(func() {
		for i := range n {
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: loop})
			crowd = append(crowd, s)
			s.OnOpen(func(*airsocket.OpenEvent) {
				if open++; open == n { // everybody is there
					for i, s := range crowd {
						s.Send(fmt.Sprint("I am ", i))
					}
				}
			})
			s.OnMessage(func(*airsocket.MessageEvent) {
				if heard++; heard == n*n {
					for _, s := range crowd {
						s.Close(1000, "")
					}
				}
			})
			s.OnError(func(e *airsocket.ErrorEvent) { err = fmt.Errorf("bot %d: %w", i, e.Err) })
			if e := s.Connect(url); e != nil {
				err = e
			}
		}
	})
	fmt.Fprintf(out, "%d bots have received %d messages\n", open, heard)
	return err
}
