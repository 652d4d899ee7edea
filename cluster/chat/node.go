package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/wire"
)

//go:embed page
var files embed.FS

// A message is what nodes and pages send to each other, as JSON.
type message struct {
	Node  string `json:"node"`            // that sends it
	Name  string `json:"name,omitempty"`  // of who says it
	Text  string `json:"text,omitempty"`  // what is said
	Error string `json:"error,omitempty"` // only for who has said something
}

const (
	topic   = "chat"
	maxName = 20  // characters
	maxText = 500 // characters

	greetTime    = 5 * time.Second
	shutdownTime = 5 * time.Second
)

// A node serves the page, and the sockets of those who have opened it.
type node struct {
	name   string
	plane  *cluster.NATS
	server airsocket.Server
}

// runNode serves until stdin ends. It prints the URL of the page.
func runNode(name, natsURL string, port int, stdin io.Reader, stdout io.Writer) error {
	signal.Ignore(os.Interrupt) // the program that has started this one gets it too
	plane, err := cluster.Connect(natsURL, "airsocket-chat", nats.Name("node "+name))
	if err != nil {
		return err
	}
	defer plane.Close()
	l, err := airsocket.Listen(fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	page, err := fs.Sub(files, "page")
	if err != nil {
		return err
	}
	n := &node{name: name, plane: plane}
	n.server.Backplane = plane
	n.server.Handler = http.FileServerFS(page)
	n.server.Options = &airsocket.Options{MaxMessage: 4 << 10}
	n.server.MaxConns = 1000
	n.server.OnConnect(n.connect)
	fmt.Fprintf(stdout, "http://%s/\n", l.Addr())
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, stdin)
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		n.server.Shutdown(ctx)
	}()
	if err := n.server.Serve(l); !errors.Is(err, airsocket.ErrServerClosed) {
		return err
	}
	<-done
	return nil
}

func (n *node) connect(s *airsocket.Socket) {
	s.OnOpen(func(*airsocket.OpenEvent) {
		s.Subscribe(topic)
		go n.greet(s)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		var m message
		if err := json.Unmarshal(e.Bytes(), &m); err != nil {
			s.Close(airsocket.StatusPolicyViolation, "send JSON")
			return
		}
		if err := n.say(m); err != nil {
			s.Send(n.encode(message{Error: err.Error()}))
		}
	})
}

// greet says who the node is, when what is said on other nodes arrives.
func (n *node) greet(s *airsocket.Socket) {
	ctx, cancel := context.WithTimeout(s.Context(), greetTime)
	defer cancel()
	n.plane.Flush(ctx) // if that fails there are no other nodes
	s.Send(n.encode(message{}))
}

// say publishes a message on all nodes.
func (n *node) say(m message) error {
	m = message{Name: strings.TrimSpace(m.Name), Text: strings.TrimSpace(m.Text)}
	switch {
	case !isBetween(m.Name, maxName):
		return fmt.Errorf("a name has 1 to %d characters", maxName)
	case !isBetween(m.Text, maxText):
		return fmt.Errorf("a message has 1 to %d characters", maxText)
	}
	_, err := n.server.Publish(topic, wire.Text, []byte(n.encode(m)))
	if errors.Is(err, cluster.ErrDisconnected) {
		return fmt.Errorf("only node %s has got this: it is not connected to NATS", n.name)
	}
	return err
}

func isBetween(s string, most int) bool {
	n := utf8.RuneCountInString(s)
	return 0 < n && n <= most
}

func (n *node) encode(m message) string {
	m.Node = n.name
	text, err := json.Marshal(m)
	if err != nil {
		return "{}" // it consists of strings
	}
	return string(text)
}
