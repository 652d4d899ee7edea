// Command embed is a chat server that its users script: the file that is its argument decides
// what becomes of each message.
//
//	go run ./examples/embed filter.js
//
// For instance, with this script nobody shouts:
//
//	function onMessage(from, text) { return text.toLowerCase() }
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: embed SCRIPT")
	}
	source, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	f, err := newFilter(os.Args[1], source, callTime)
	if err != nil {
		log.Fatal(err)
	}
	srv := newServer(f)
	srv.Addr = "127.0.0.1:8080"
	log.Fatal(srv.ListenAndServe())
}

// newServer returns a chat whose messages go through a filter. The server and the script have
// the same Dispatcher, so a handler may call the script.
func newServer(f *filter) *airsocket.Server {
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: f.bot.Dispatcher()}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.Subscribe("all")
		s.OnMessage(func(e *airsocket.MessageEvent) {
			text, err := f.apply(s.RemoteAddr().String(), e.Text())
			if err != nil {
				s.Send("the script failed: " + err.Error())
			} else if text != "" {
				srv.Publish("all", e.Kind(), []byte(text))
			}
		})
	})
	return srv
}

// callTime is how long a call of the script may hold up the server.
const callTime = 50 * time.Millisecond

// maxResult is how many characters the script may return.
const maxResult = 64 << 10

var errSlow = errors.New("the script took too long")

// A filter is the script of a user. Its engine can interrupt it, but knows no limit of the
// memory that it takes.
type filter struct {
	bot       *bot.Bot
	onMessage goja.Callable
	limit     time.Duration // of a call
}

// newFilter runs a script, which defines the function onMessage.
func newFilter(name string, source []byte, limit time.Duration) (*filter, error) {
	program, err := bot.Compile(name, source)
	if err != nil {
		return nil, err
	}
	f := &filter{limit: limit, bot: bot.New(program, &bot.Options{OnError: func(error) {}})} // Run returns the error
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, errSlow)
	defer cancel()
	if err := f.bot.Run(ctx); err != nil {
		return nil, err
	}
	err = f.bot.Try(func() { f.onMessage, _ = goja.AssertFunction(f.bot.Runtime().Get("onMessage")) })
	if err == nil && f.onMessage == nil {
		err = errors.New(name + " has no function onMessage(from, text)")
	}
	return f, err
}

// apply calls the script. An empty text means that nothing is to be sent. It is called in
// turns of the script's Dispatcher.
func (f *filter) apply(from, text string) (string, error) {
	runtime := f.bot.Runtime()
	stopped := make(chan struct{})
	timer := time.AfterFunc(f.limit, func() {
		runtime.Interrupt(errSlow)
		close(stopped)
	})
	var v goja.Value
	err := f.bot.Try(func() {
		var err error
		if v, err = f.onMessage(goja.Undefined(), runtime.ToValue(from), runtime.ToValue(text)); err != nil {
			panic(err) // which Try returns, as a text that calls nothing of the script
		}
	})
	if !timer.Stop() {
		<-stopped // so that it does not interrupt the next call
	}
	runtime.ClearInterrupt()
	if err != nil || goja.IsUndefined(v) || goja.IsNull(v) {
		return "", err
	}
	result, ok := v.(goja.String) // to convert an object would call the script again
	if !ok || result.Length() > maxResult {
		return "", fmt.Errorf("the script has returned no text of at most %d characters", maxResult)
	}
	return result.String(), nil
}
