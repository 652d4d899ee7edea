// Package process serves each socket with a process of its own, as websocketd does.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/hold"
	"github.com/airsocket/airsocket/wire"
)

// A Server starts a program for each socket. Messages become lines of its standard input,
// and lines of its standard output become text messages. What it writes to its standard
// error is logged.
type Server struct {
	Path string   // of the program
	Args []string // its arguments, without its name
	Env  []string // its environment, to which that of the request is added

	Binary  bool          // the output becomes binary messages as it comes, the input gets no line ends
	MaxLine int           // the longest line in bytes; negative: no limit
	Grace   time.Duration // how long the program has to end by itself, and once more after SIGTERM
	Probe   time.Duration // how often a client is looked for that the program holds up
	Max     int           // how many programs may run, also for clients that have gone; 0: no limit
	Secure  bool          // clients use TLS
	Log     *slog.Logger

	running sync.WaitGroup
	count   atomic.Int64 // of those that are running
}

// Connect serves s. It is to be called in OnConnect, and s must have no handlers of messages.
func (srv *Server) Connect(s *airsocket.Socket) {
	c, err := blocking.New(s)
	if err != nil {
		s.Drop(airsocket.StatusInternalError, "")
		return
	}
	s.OnOpen(func(*airsocket.OpenEvent) {
		if srv.count.Add(1) > int64(srv.Max) && srv.Max > 0 {
			srv.count.Add(-1)
			s.Close(wire.StatusTryAgainLater, "too many programs are running")
			return
		}
		srv.running.Go(func() {
			defer srv.count.Add(-1)
			srv.serve(c)
		})
	})
}

// Wait waits until all processes have ended, which they are made to do when their sockets
// are closed.
func (srv *Server) Wait() { srv.running.Wait() }

// serve runs a process for c until one of both has ended, and then ends the other.
func (srv *Server) serve(c *blocking.Conn) {
	s := c.Socket()
	log := srv.Log.With(slog.Any("remote", s.RemoteAddr()))
	p, err := start(srv.Path, srv.Args, append(srv.Env[:len(srv.Env):len(srv.Env)], environ(s, srv.Secure)...))
	if err != nil {
		log.Error("the program cannot be started", slog.Any("err", err))
		s.Close(airsocket.StatusInternalError, "the program cannot be started")
		return
	}
	log = log.With(slog.Int("pid", p.cmd.Process.Pid))
	log.Info("process started")

	var streams sync.WaitGroup
	streams.Go(func() { srv.input(c, p.in) })
	streams.Go(func() { logLines(p.err, log) })
	output := make(chan error, 1)
	streams.Go(func() {
		output <- srv.output(c, p.out)
		p.drain()
	})
	select {
	case err = <-output:
	case <-s.Context().Done():
	}
	if err == errUnsent {
		<-s.Context().Done()
	}
	if s.Context().Err() == nil {
		p.in.Close() // otherwise input closes it after the last message
	}
	forced := p.end(srv.Grace)
	code, reason := outcome(p.cmd.ProcessState, forced, err)
	log.Info("process ended", slog.String("state", p.cmd.ProcessState.String()))
	s.Close(code, reason)

	// Other processes may have the streams too, and keep them open for ever.
	last := time.AfterFunc(srv.Grace, p.close)
	streams.Wait()
	last.Stop()
	p.close()
}

// input writes the messages of c to the process, until the connection ends. What the process
// does not want is read nevertheless, so that the end of the connection is noticed.
func (srv *Server) input(c *blocking.Conn, to *os.File) {
	defer to.Close()
	unwanted := false
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if unwanted {
			continue
		}
		if !srv.Binary {
			data = append(data, '\n')
		}
		unwanted = hold.Write(c.Socket(), to, data, srv.Probe) != nil
	}
}

// output sends what the process writes, until it writes no more, or nothing more can be sent.
func (srv *Server) output(c *blocking.Conn, from *os.File) error {
	kind, read := wire.Text, newLines(from, srv.MaxLine).next
	if srv.Binary {
		kind, read = wire.Binary, newChunks(from).next
	}
	for {
		data, err := read()
		if err != nil {
			return err
		}
		if kind == wire.Text {
			data = bytes.ToValidUTF8(data, []byte("\ufffd"))
		}
		if err := c.Write(context.Background(), kind, data); err != nil {
			return errUnsent
		}
	}
}

// errUnsent is returned when the connection has ended, or is about to.
var errUnsent = errors.New("the connection is closing")

// outcome returns how the connection of a process ends. forced says that the process was
// made to end, and err is an error of its output.
func outcome(state *os.ProcessState, forced bool, err error) (airsocket.StatusCode, string) {
	switch {
	case err == errLongLine:
		return airsocket.StatusInternalError, "the program has written a line that is too long"
	case forced || state.Success():
		return airsocket.StatusNormalClosure, ""
	}
	return airsocket.StatusInternalError, fmt.Sprintf("the program has failed: %s", state)
}
