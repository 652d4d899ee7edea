package airsocket

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// failOpening is the end of a Socket that has not been open.
func (s *Socket) failOpening(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrHandshakeTimeout
	}
	s.setCause(err)
	s.finish()
}

// agreement is what an opening handshake has led to. None of it shows before the
// turn of the open event.
type agreement struct {
	version  wire.Version
	sessions []extensions.Session
	answer   *handshake.Result // a client's; nil on a server
}

// opened begins the life of the connection: the open event and what has been
// received already. Unless the connection is over with that, the caller sees to
// it that it is served.
func (s *Socket) opened(a agreement, rest []byte) (over bool) {
	over = true // unless told otherwise: a handler may end this goroutine, as a failing test does
	defer func() {
		if over {
			s.finish()
		}
	}()
	over = s.open(a, rest)
	return over
}

// configureLocked sets up the state machines for what has been agreed on, and returns
// the extension below the frames, if there is one.
//
//go:noinline
func (s *Socket) configureLocked(a *agreement) (stream extensions.Stream) {
	var exts []wire.Extension
	for _, session := range a.sessions {
		if session.Wire != nil {
			exts = append(exts, session.Wire)
		} else {
			stream = session.Stream
			s.makeExtras().stream = stream
		}
	}
	s.cfg = s.opts.config(s.role, a.version, exts)
	s.dec.Init(s.cfg)
	if res := a.answer; res != nil {
		o := s.opening
		o.protocol, o.status, o.answer = res.Protocol, res.Status, res.Header
		o.extensions = string(handshake.AppendExtensions(nil, res.Extensions))
	}
	return stream
}

// open is the first turns.
func (s *Socket) open(a agreement, rest []byte) (over bool) {
	if !s.firstTurn(&a) {
		return true
	}
	if len(rest) == 0 {
		return false
	}
	in := readInputs.Get().(*readInput)
	s.feed(in, rest, false)
	s.deliver(in, noFD)
	over, in.over = in.over, false
	readInputs.Put(in) // not if a handler has ended the goroutine: it still has what was decoded
	return over
}

// firstTurn is the turn of the open event. It reports false if the connection has
// been ended in the last moment: it has never been open then.
func (s *Socket) firstTurn(a *agreement) bool {
	defer s.leave(s.enter(), openTurn, noFD)
	queued, ok := s.becomeOpen(a)
	if ok {
		if s.opts.Logger != nil {
			s.logOpen()
		}
		s.noteOpened()
		for _, ev := range queued {
			s.noteSent(ev.Kind, len(ev.Data))
		}
		if hasHandler(s, s.on.open) {
			emit(s, s.on.open, &OpenEvent{target{s}})
		}
	}
	if stop := s.forgetOpening(); stop != nil && ok {
		stop()
	}
	return ok
}

// becomeOpen is false if Close was called in the last moment. It returns what
// has been sent of what was sent before open.
func (s *Socket) becomeOpen(a *agreement) (sent []wire.Event, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.extras().why != nil {
		for _, session := range a.sessions {
			if session.Stream != nil {
				session.Stream.Close()
			}
		}
		return nil, false
	}
	stream := s.configureLocked(a)
	o := s.opening
	sent, failed := s.sender.begin(s.cfg, stream, o.queue)
	o.queue, o.queued = nil, 0
	s.state.Store(uint32(StateOpen))
	if o.retries != nil {
		o.retries.begun()
	}
	s.startPinging()
	s.writeFailedLocked(failed)
	return sent, true
}

//go:noinline
func (s *Socket) logOpen() {
	s.opts.log.Info("websocket open", slog.String("version", s.Version().String()), slog.String("protocol", s.Protocol()), slog.String("remote", remoteOf(s.Conn())))
}

// forgetOpening lets go of what nobody has asked for. It returns the Close that
// has been put off.
func (s *Socket) forgetOpening() (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.opening
	stop = o.close
	o.cancel, o.close = nil, nil
	if !o.keep {
		o.request = nil
	}
	if o.url == "" && o.protocol == "" && o.extensions == "" && o.request == nil {
		s.opening, o.forgotten = nil, true
	} else if s.role == wire.Server {
		rest := *o // without what else there is to an acceptance
		s.opening, o.forgotten = &rest, true
	}
	return stop
}

// opening is what is kept of the opening handshake.
type opening struct {
	url        string
	protocol   string
	extensions string
	status     int              // of the server's answer
	answer     handshake.Header // of the server
	request    *handshake.Request
	keep       bool     // request was asked for
	forgotten  bool     // the Socket has let go of all this
	asked      *Request // that the Server's handler decides on
	cancel     context.CancelFunc
	queue      []wire.Event // sent before open
	close      func()       // the Close that a server has called before open
	queued     int          // bytes of them
	retries    *retries     // nil without Options.Reconnect
}
