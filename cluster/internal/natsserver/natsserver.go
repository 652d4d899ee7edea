// Package natsserver runs a NATS server inside the process.
package natsserver

import (
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience is how long a server may take until it accepts connections.
const patience = 20 * time.Second

// Start starts a NATS server on a port of 127.0.0.1, or on any free port if it is 0.
func Start(port int) (*server.Server, error) {
	return StartWith(&server.Options{Port: port})
}

// StartWith starts a NATS server with options, of which it changes some.
func StartWith(opts *server.Options) (*server.Server, error) {
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	opts.Host, opts.NoLog, opts.NoSigs = "127.0.0.1", true, true
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return nil, errors.New("the NATS server does not accept connections on 127.0.0.1:" + strconv.Itoa(opts.Port))
	}
	return s, nil
}

// Port returns the port of a server.
func Port(s *server.Server) int { return s.Addr().(*net.TCPAddr).Port }
