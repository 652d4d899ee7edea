// Package bridge connects each socket to a TCP server, as websockify does.
package bridge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/hold"
	"github.com/airsocket/airsocket/wire"
)

// Protocol is the subprotocol that clients of websockify ask for.
const Protocol = "binary"

const (
	dialTimeout = 10 * time.Second
	// linger is how long a TCP server that has been told the end may take to end too.
	linger = 5 * time.Second
)

// A Server opens a connection to a TCP server for each socket. The payload of binary
// messages is what the TCP server receives, and what it sends becomes binary messages.
type Server struct {
	Network, Address string        // of the TCP server, as for net.Dial
	Probe            time.Duration // how often a client is looked for that the TCP server holds up
	Log              *slog.Logger

	running sync.WaitGroup
}

// Connect serves s. It is to be called in OnConnect, and s must have no handlers of messages.
func (srv *Server) Connect(s *airsocket.Socket) {
	c, err := blocking.New(s)
	if err != nil {
		s.Drop(airsocket.StatusInternalError, "")
		return
	}
	s.OnOpen(func(*airsocket.OpenEvent) {
		srv.running.Go(func() { srv.serve(c) })
	})
}

// Wait waits until all connections have ended, which they do soon after their sockets.
func (srv *Server) Wait() { srv.running.Wait() }

// serve moves bytes in both directions until both have ended.
func (srv *Server) serve(c *blocking.Conn) {
	s := c.Socket()
	log := srv.Log.With(slog.Any("remote", s.RemoteAddr()))
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(s.Context(), srv.Network, srv.Address)
	switch {
	case err != nil && s.Context().Err() != nil:
		return // the client has gone meanwhile
	case err != nil:
		log.Error("the TCP server cannot be reached", slog.Any("err", err))
		s.Close(wire.StatusBadGateway, "the TCP server cannot be reached")
		return
	}
	defer conn.Close()
	log.Info("connected to the TCP server", slog.Any("from", conn.LocalAddr()))
	stop := context.AfterFunc(s.Context(), func() { conn.SetDeadline(time.Now().Add(linger)) })
	defer stop()

	var directions sync.WaitGroup
	directions.Go(func() {
		up(c, conn, srv.Probe)
		conn.(interface{ CloseWrite() error }).CloseWrite()
	})
	directions.Go(func() {
		down(c, conn)
		io.Copy(io.Discard, conn) // so that what the TCP server sends does not keep it from reading
	})
	directions.Wait()
	log.Info("disconnected from the TCP server")
}

// up sends the payload of messages to the TCP server, until the socket ends.
func up(c *blocking.Conn, to net.Conn, probe time.Duration) {
	broken := false
	for {
		kind, data, err := c.Read(context.Background())
		switch {
		case err != nil:
			return
		case broken: // the end of the socket must be noticed nevertheless
			continue
		case kind != wire.Binary:
			c.Socket().Close(airsocket.StatusUnsupportedData, "only binary messages can be passed on")
			broken = true
			continue
		}
		if err := hold.Write(c.Socket(), to, data, probe); err != nil {
			lost(c.Socket(), err)
			broken = true
		}
	}
}

// down sends what comes from the TCP server, until that ends or the socket does.
func down(c *blocking.Conn, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && c.Write(context.Background(), wire.Binary, buf[:n]) != nil {
			return // the socket has ended, or is about to
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			// A socket cannot tell its client that one direction has ended.
			c.Socket().Close(airsocket.StatusNormalClosure, "")
			return
		default:
			lost(c.Socket(), err)
			return
		}
	}
}

// lost ends the socket after an error of the connection to the TCP server. It has no effect
// if the socket has ended before.
func lost(s *airsocket.Socket, err error) {
	if !errors.Is(err, net.ErrClosed) {
		s.Close(wire.StatusBadGateway, "the connection to the TCP server has broken")
	}
}
