// Noderouter is WebSocket-Node's request router example
// (test/scripts/libwebsockets-test-server.js), which has two subprotocols of
// libwebsockets' test server.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("noderouter", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	every := flags.Duration("every", 50*time.Millisecond, "time between two numbers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	var wsServer airsocket.Server
	var router airsocket.Router
	wsServer.OnRequest(router.Route) // router.attachServer(wsServer)

	m := mirror{stdout: stdout}
	router.Mount("*", "lws-mirror-protocol", m.request)
	router.Mount("*", "dumb-increment-protocol", func(request *airsocket.Request) {
		increment(request, *every, stdout)
	})

	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return wsServer.Serve(l)
}

// maxHistory is how many commands are kept for new clients. The original keeps
// all of them.
const maxHistory = 10000

// A mirror sends what is drawn on the canvas of one client to all clients.
type mirror struct {
	connections []*airsocket.Socket
	history     []string
	stdout      io.Writer
}

func (m *mirror) request(request *airsocket.Request) {
	request.SetCookie(&http.Cookie{
		Name:     "TestCookie",
		Value:    "CookieValue" + strconv.Itoa(rand.IntN(1000)),
		Path:     "/",
		MaxAge:   5000,
		HttpOnly: true,
	})
	connection, err := request.Accept(request.Protocol)
	if err != nil {
		return
	}
	fmt.Fprintln(m.stdout, "lws-mirror-protocol connection accepted from", request.RemoteIP(), "- Protocol Version", request.Version)

	if len(m.history) > 0 {
		connection.Send(strings.Join(m.history, ""))
	}
	m.connections = append(m.connections, connection)

	connection.OnMessage(func(message *airsocket.MessageEvent) {
		if message.Binary() {
			return // we only care about text messages
		}
		if command := message.Text(); command == "clear;" {
			m.history = nil
		} else {
			m.history = append(m.history, command)
			m.history = m.history[max(len(m.history)-maxHistory, 0):]
		}
		for _, output := range m.connections {
			output.Send(message.Text())
		}
	})
	connection.OnClose(func(e *airsocket.CloseEvent) {
		if index := slices.Index(m.connections, connection); index >= 0 {
			m.connections = slices.Delete(m.connections, index, index+1)
			fmt.Fprintln(m.stdout, "lws-mirror-protocol peer", request.RemoteIP(), "disconnected, code:", e.Code)
		}
	})
}

// increment sends increasing numbers, and begins again at 0 when it receives
// "reset" and a line feed.
func increment(request *airsocket.Request, every time.Duration, stdout io.Writer) {
	connection, err := request.Accept(request.Protocol)
	if err != nil {
		return
	}
	fmt.Fprintln(stdout, "dumb-increment-protocol connection accepted from", request.RemoteIP(), "- Protocol Version", request.Version)

	number := 0
	timerInterval := airsocket.SetInterval(func() {
		connection.Send(strconv.Itoa(number))
		number++
	}, every)
	connection.OnMessage(func(message *airsocket.MessageEvent) {
		if message.Text() == "reset\n" {
			fmt.Fprintln(stdout, "increment reset received")
			number = 0
		}
	})
	connection.OnClose(func(e *airsocket.CloseEvent) {
		timerInterval.Clear()
		fmt.Fprintln(stdout, "dumb-increment-protocol peer", request.RemoteIP(), "disconnected, code:", e.Code)
	})
}
