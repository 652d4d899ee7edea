// Command login is a bot that logs in and answers what it is asked: on one connection,
// without a script.
//
//	go run ./examples/login ws://127.0.0.1:10081/
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/airsocket/airsocket"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: login URL")
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run logs in, and answers each question until the connection ends.
func run(url string, out io.Writer) (err error) {
	loop := new(airsocket.Dispatcher)
	loop.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: loop})
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("login bot secret") })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if question, ok := strings.CutPrefix(e.Text(), "ask "); ok {
				s.Send("answer " + strings.ToUpper(question))
			}
		})
		s.OnError(func(e *airsocket.ErrorEvent) { err = e.Err })
		s.OnClose(func(e *airsocket.CloseEvent) { fmt.Fprintln(out, "closed", e.Code, e.Reason) })
		err = s.Connect(url)
	})
	return err
}
