// Command gorilla echoes with github.com/gorilla/websocket: with pooled write
// buffers, and a pooled payload buffer that is taken only when a message has
// begun.
package main

import (
	"compress/flate"
	"io"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/airsocket/airsocket/cmd/bench/internal/bufs"
	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

type conn struct {
	*websocket.Conn
	mu sync.Mutex // gorilla allows one writer at a time
}

var all server.Set[*conn]

func main() {
	u := websocket.Upgrader{WriteBufferPool: &sync.Pool{}}
	server.ServeHTTP(func(w http.ResponseWriter, r *http.Request) {
		u := u
		u.EnableCompression = server.Compress()
		ws, err := u.Upgrade(w, r, nil)
		if err != nil {
			log.Print(err)
			return
		}
		c := &conn{Conn: ws}
		if *server.Flood {
			ws.SetReadLimit(server.FloodMessage)
		}
		ws.SetCompressionLevel(flate.BestSpeed)
		// net/http's goroutine would keep the request and a larger stack.
		go func() {
			if *server.Broadcast {
				all.Add(c)
				defer all.Remove(c)
			}
			defer ws.Close()
			for c.echo() == nil {
			}
		}()
	})
}

func (c *conn) echo() error {
	op, r, err := c.NextReader()
	if err != nil {
		return err
	}
	if *server.Flood {
		return bufs.With(io.LimitReader(r, server.FloodMessage+1), func(b []byte) error {
			if len(b) > server.FloodMessage {
				return websocket.ErrReadLimit
			}
			return server.Answer(b, func(b []byte) error {
				c.SetWriteDeadline(time.Now().Add(server.FloodTimeout))
				return c.WriteMessage(op, b)
			})
		})
	}
	return bufs.With(r, func(b []byte) error {
		if *server.Broadcast {
			return broadcast(op, b)
		}
		return c.WriteMessage(op, b)
	})
}

func broadcast(op int, b []byte) error {
	m, err := websocket.NewPreparedMessage(op, append([]byte(nil), b...))
	if err != nil {
		return err
	}
	all.Each(func(c *conn) {
		c.mu.Lock()
		c.WritePreparedMessage(m)
		c.mu.Unlock()
	})
	return nil
}
