// Command straight is a bot that does one thing after another, without handlers and without a
// script.
//
//	go run ./examples/straight ws://127.0.0.1:10081/
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/airsocket/airsocket/blocking"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: straight URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// A message is what the bot and the server send each other.
type message struct {
	Type, Text string
}

// run logs in, asks a question and prints the answer.
func run(ctx context.Context, url string, out io.Writer) error {
	c, err := blocking.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.Close(1000, "")
	var answer message
	for _, m := range []message{{"login", "bot"}, {"ask", "how many"}} {
		if err := c.WriteJSON(ctx, m); err != nil {
			return err
		}
		if err := c.ReadJSON(ctx, &answer); err != nil {
			return err
		}
		fmt.Fprintln(out, answer.Type, answer.Text)
	}
	return nil
}
