// Chat is the chat server of many WebSocket-Node tutorials: it keeps a list of
// clients and a history, and the first message of a client is its name. All
// connections share this state, and it needs no lock.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

//go:embed chat.html
var page []byte

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:1337", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}

	c := &chat{names: make(map[*airsocket.Socket]string)}
	c.server.Options = &airsocket.Options{MaxMessage: 4 << 10}
	c.server.MaxConns = 1000
	c.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	c.server.OnConnect(c.connect)

	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return c.server.Serve(l)
}

const (
	maxHistory = 100 // lines
	maxName    = 20  // bytes
)

// A chat is shared by the handlers of all sockets.
type chat struct {
	server  airsocket.Server
	names   map[*airsocket.Socket]string // of the clients that have sent theirs
	history []string
}

func (c *chat) connect(s *airsocket.Socket) {
	s.OnMessage(func(e *airsocket.MessageEvent) {
		switch name, ok := c.names[s]; {
		case e.Binary():
			s.Close(airsocket.StatusUnsupportedData, "text only")
		case ok:
			c.say(name + ": " + e.Text())
		default:
			c.join(s, e.Text())
		}
	})
	s.OnClose(func(*airsocket.CloseEvent) {
		if name, ok := c.names[s]; ok {
			delete(c.names, s)
			c.say("* " + name + " has left")
		}
	})
}

func (c *chat) join(s *airsocket.Socket, name string) {
	if name == "" || len(name) > maxName {
		s.Send(fmt.Sprintf("* a name has 1 to %d bytes", maxName))
		return
	}
	for _, other := range c.names {
		if other == name {
			s.Send("* this name is taken")
			return
		}
	}
	for _, line := range c.history {
		s.Send(line)
	}
	c.names[s] = name
	c.say("* " + name + " has joined")
}

// say sends a line to all clients that have a name.
func (c *chat) say(line string) {
	c.history = append(c.history, line)
	c.history = c.history[max(len(c.history)-maxHistory, 0):]
	c.server.Broadcast(wire.Text, []byte(line), func(s *airsocket.Socket) bool {
		_, ok := c.names[s]
		return !ok
	})
}
