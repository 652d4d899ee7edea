package airsocket

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// An opening is the opening handshake of a Socket: what is known of it, which may be
// asked for later, and what there is only until the connection is open.
type opening struct {
	negotiated
	retries *retries // of a client with Options.Reconnect

	cancel  context.CancelFunc // ends the attempt
	early   earlyQueue
	asked   *Request // a server's, while it is not decided on
	letGoOf bool     // the Socket does not use it any more
}

// An earlyQueue is what the program has sent before the connection is open.
type earlyQueue struct {
	events []wire.Event
	size   int    // in bytes
	close  func() // the Close that follows; nil for none
}

// add keeps ev, of which it makes a copy. version is the one that will be spoken.
func (q *earlyQueue) add(ev wire.Event, version wire.Version, limit int) error {
	switch {
	case !version.Can(ev.Kind):
		return wire.ErrUnsupported
	case ev.Kind == wire.Text && !utf8.Valid(ev.Data):
		return wire.ErrBadText
	case ev.Kind >= wire.Close && len(ev.Data) > maxControl:
		return wire.ErrTooBig
	case q.size > 0 && limit > 0 && q.size+len(ev.Data) > limit:
		return ErrBufferFull
	}
	ev.Data = append([]byte(nil), ev.Data...)
	q.events = append(q.events, ev)
	q.size += len(ev.Data) + 16
	return nil
}

// An agreement is what an opening handshake has led to. None of it shows before the
// turn of the open event.
type agreement struct {
	version  wire.Version
	sessions []extensions.Session
	answer   *handshake.Result // a client's; nil on a server
}

// split returns the extensions of messages and frames, and the one below the frames, or
// nil.
func (a *agreement) split() (exts []wire.Extension, stream extensions.Stream) {
	for _, session := range a.sessions {
		if session.Wire != nil {
			exts = append(exts, session.Wire)
		} else {
			stream = session.Stream
		}
	}
	return exts, stream
}

// becomeOpen begins the life of the connection: the open event, and what has been
// received already. Unless the connection is over with that, the caller sees to it
// that it is served.
func (s *Socket) becomeOpen(a agreement, rest []byte) (over bool) {
	over = true // unless told otherwise: a handler may end this goroutine, as a failing test does
	defer func() {
		if over {
			s.finish()
		}
	}()
	over = !s.becomeOpenTurn(&a) || len(rest) > 0 && s.receive(rest)
	return over
}

// receive delivers the events of what was received together with the handshake.
func (s *Socket) receive(rest []byte) (over bool) {
	in := readInputs.Get().(*readInput)
	s.reader.feed(rest, false)
	s.deliver(in, false)
	over = in.over
	in.release()
	return over
}

// becomeOpenTurn is the turn of the open event. It reports false if the connection has
// been ended in the last moment: it has never been open then.
func (s *Socket) becomeOpenTurn(a *agreement) bool {
	defer s.leave(s.enter(), openTurn, false)
	early, ok := s.becomeOpenState(a)
	if !ok {
		return false
	}
	if s.opts.Logger != nil {
		s.logOpen()
	}
	s.noteOpened()
	for _, ev := range early.events {
		s.noteSent(ev.Kind, len(ev.Data))
	}
	if hasHandler(s, s.handlers.open) {
		emit(s, s.handlers.open, &OpenEvent{target{s}})
	}
	s.forgetOpening()
	if early.close != nil {
		early.close()
	}
	return true
}

// becomeOpenState is the change of the state. It returns what was sent before, as far as
// it has been sent now.
//
//go:noinline
func (s *Socket) becomeOpenState(a *agreement) (early earlyQueue, ok bool) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	exts, stream := a.split()
	if s.life.cause() != nil || !s.life.on(opened) {
		if stream != nil {
			stream.Close()
		}
		return early, false
	}
	cfg := s.opts.config(s.life.role, a.version, exts)
	s.reader.begin(cfg, stream)
	s.ahead = decodesAhead(cfg, stream)
	o := s.opening
	if a.answer != nil {
		o.protocol, o.status, o.answer = a.answer.Protocol, a.answer.Status, a.answer.Header
		o.extensions = string(handshake.AppendExtensions(nil, a.answer.Extensions))
	}
	early, o.early = o.early, earlyQueue{}
	var failed error
	early.events, failed = s.sender.begin(cfg, stream, early.events)
	if o.retries != nil {
		o.retries.begun()
	}
	s.startPinging(cfg.Version)
	s.writeFailedLocked(failed)
	return early, true
}

//go:noinline
func (s *Socket) logOpen() {
	s.opts.log.Info("websocket open", slog.String("version", s.Version().String()), slog.String("protocol", s.Protocol()), slog.String("remote", remoteOf(s.Conn())))
}

// forgetOpening lets go of what nobody has asked for.
func (s *Socket) forgetOpening() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	o := s.opening
	o.cancel = nil
	if !o.keep {
		o.request = nil
	}
	if o.url == "" && o.protocol == "" && o.extensions == "" && o.request == nil {
		s.opening, o.letGoOf = nil, true
	} else if s.life.role == wire.Server {
		s.opening, o.letGoOf = &opening{negotiated: o.negotiated}, true // without the rest of the server's handshake
	}
}

// failOpening is the end of a Socket that has not been open.
func (s *Socket) failOpening(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrHandshakeTimeout
	}
	s.because(err)
	s.finish()
}
