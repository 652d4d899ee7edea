// Coder is a chat with rooms. It does the same as the program in the folder airsocket, with
// coder/websocket.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:1338", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", l.Addr())

	srv := &server{rooms: make(map[string]map[*client]bool)}
	web := &http.Server{Handler: srv}
	go web.Serve(l)
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(web.Shutdown(ctx), srv.shutdown(ctx)); err != nil {
		log.Fatal(err)
	}
}

type server struct {
	mu      sync.Mutex
	rooms   map[string]map[*client]bool
	count   int
	closing bool
	left    sync.WaitGroup // of those that are counted
}

type client struct {
	conn  *websocket.Conn
	queue chan []byte // what is to be written
}

func (srv *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	room, name := r.URL.Query().Get("room"), r.URL.Query().Get("name")
	if !isName(room) || !isName(name) {
		http.Error(w, "room and name have 1 to 20 characters", http.StatusBadRequest)
		return
	}
	if !srv.enter() {
		http.Error(w, "too many connections, or shutting down", http.StatusServiceUnavailable)
		return
	}
	defer srv.leave()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(4 << 10)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &client{conn, make(chan []byte, 16)}
	go c.write(ctx)
	go c.ping(ctx)
	srv.join(room, c)
	defer srv.say(room, "* "+name+" has left")
	defer srv.part(room, c)
	srv.say(room, "* "+name+" has joined")
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if kind == websocket.MessageText && !utf8.Valid(text) { // not checked by coder
			conn.Close(websocket.StatusInvalidFramePayloadData, "")
			return
		}
		if utf8.Valid(text) {
			srv.say(room, name+": "+string(text))
		}
	}
}

func (srv *server) enter() bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closing || srv.count >= 1000 {
		return false
	}
	srv.count++
	srv.left.Add(1)
	return true
}

func (srv *server) leave() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.count--
	srv.left.Done()
}

func (srv *server) join(room string, c *client) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.rooms[room] == nil {
		srv.rooms[room] = make(map[*client]bool)
	}
	srv.rooms[room][c] = true
	if srv.closing {
		go c.conn.Close(websocket.StatusGoingAway, "")
	}
}

func (srv *server) part(room string, c *client) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.rooms[room], c)
	if len(srv.rooms[room]) == 0 {
		delete(srv.rooms, room)
	}
}

func (srv *server) say(room, line string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for c := range srv.rooms[room] {
		select {
		case c.queue <- []byte(line):
		default: // skips a slow one
		}
	}
}

func (c *client) write(ctx context.Context) {
	for {
		select {
		case line := <-c.queue:
			if c.conn.Write(ctx, websocket.MessageText, line) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (c *client) ping(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
			err := c.conn.Ping(pingCtx)
			cancel()
			if err != nil {
				c.conn.CloseNow()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (srv *server) shutdown(ctx context.Context) error {
	srv.mu.Lock()
	srv.closing = true
	for _, room := range srv.rooms {
		for c := range room {
			go c.conn.Close(websocket.StatusGoingAway, "")
		}
	}
	srv.mu.Unlock()
	done := make(chan struct{})
	go func() {
		srv.left.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err() // the end of the process ends the connections
	}
}

func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 20
}
