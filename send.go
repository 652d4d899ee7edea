package airsocket

import (
	"unicode/utf8"

	"github.com/airsocket/airsocket/wire"
)

// sendMessage is send for messages, with little on the stack; see readable.
func (s *Socket) sendMessage(kind wire.Kind, p []byte) error {
	if s.ReadyState() == StateOpen && s.opts.messagesOnly {
		return s.sender.sendMessage(kind, p)
	}
	return s.send(wire.Event{Kind: kind, Data: p})
}

// send sends one event, or keeps it until the connection is open, or says why not.
//
//go:noinline
func (s *Socket) send(ev wire.Event) error {
	if s.ReadyState() != StateOpen {
		if sent, err := s.sendEarly(ev); !sent {
			return err
		}
	}
	err := s.sender.send(ev)
	if err == nil {
		s.noteSent(ev.Kind, len(ev.Data))
	}
	return err
}

// sendEarly is send in another state than Open. It reports false if that is all:
// the connection may be open by now.
func (s *Socket) sendEarly(ev wire.Event) (open bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.ReadyState() {
	case StateConnecting:
		return false, s.queueLocked(ev)
	case StateOpen:
		return true, nil
	case StateInit:
		return false, notStarted(senders[ev.Kind])
	}
	return false, ErrClosed
}

// queueLocked keeps a message for when the connection will be open. A server
// may always send once it has the request: nothing but its own answer is
// missing then.
func (s *Socket) queueLocked(ev wire.Event) error {
	if s.opening == nil || !s.opts.QueueBeforeOpen && s.opening.request == nil {
		return notOpen(ev.Kind, s.role)
	}
	o := s.opening
	version := s.opts.clientVersion
	if o.request != nil {
		version = o.request.Version
	}
	switch {
	case !version.Can(ev.Kind):
		return wire.ErrUnsupported
	case ev.Kind == wire.Text && !utf8.Valid(ev.Data):
		return wire.ErrBadText
	case ev.Kind >= wire.Close && len(ev.Data) > maxControl:
		return wire.ErrTooBig
	}
	if o.queued > 0 && s.opts.maxBuffered > 0 && o.queued+len(ev.Data) > s.opts.maxBuffered {
		return ErrBufferFull
	}
	ev.Data = append([]byte(nil), ev.Data...)
	o.queue = append(o.queue, ev)
	o.queued += len(ev.Data) + 16
	return nil
}

// withUnsent returns why a connection ends, with how much of what was accepted has
// not been sent.
func (s *Socket) withUnsent(cause error) error {
	if _, dropped := cause.(*droppedError); dropped {
		return cause
	}
	n, failure := s.sender.unsent()
	if n == 0 {
		return cause
	}
	if cause == nil {
		cause = failure
	}
	return &unsentError{n, cause}
}

// What follows makes a Socket the owner of its sender.

func (s *Socket) flushLater(t *sender) bool { return s.disp.flushLater(t) }

// writeFailed ends the connection for what the sender has found out, unless there
// is another connection by now.
func (s *Socket) writeFailed(number uint16, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sender.number == number { // which changes under both locks
		s.writeFailedLocked(err)
	}
}

func (s *Socket) writeFailedLocked(err error) {
	if err == nil {
		return
	}
	if !s.flags.has(aborted) {
		s.flags.set(lost)
	}
	s.abortLocked(err)
}

func (s *Socket) sentLater(kind wire.Kind, n int) { s.noteSent(kind, n) }

// drained emits the drain event, unless there is a writer goroutine again, whose
// event it is then.
func (s *Socket) drained() {
	s.do(drainTurn, func() {
		// What other goroutines and turns have sent meanwhile must not be the
		// end of it: if it goes at once there will be no other event.
		s.Flush()
		if s.ReadyState() == StateOpen && s.sender.allWritten() {
			emit(s, s.extras().drain, &DrainEvent{target{s}})
		}
	})
}
