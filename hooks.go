package airsocket

import "github.com/airsocket/airsocket/wire"

// Hooks are called for what happens to the sockets of one [Options]: the place
// to count for a metrics system, without this package knowing any. A function
// that is nil is not called.
//
// Opened, Closed and Received are called in a turn, before the handlers of the
// same event. HandshakeFailed is too, but for what Upgrade refuses at once: that
// is reported in the goroutine of Upgrade. Sent is called in the goroutine that
// sends, when the message has been taken. Hooks of several goroutines can
// therefore run at the same time, and what they share needs atomics or a lock.
// They hold up the socket while they run. They may call its methods.
//
// Every connection that Opened is told of, Closed is told of once: the one minus
// the other is the number of open sockets. A connection that is never open
// is HandshakeFailed's, and no close event of it is reported.
type Hooks struct {
	// Opened: the socket is open.
	Opened func(s *Socket)

	// Closed: the connection has ended. It is called where Options.SilentClose
	// omits the close event too. The event is valid until it returns.
	Closed func(s *Socket, e *CloseEvent)

	// HandshakeFailed: the connection could not be opened, or the request was
	// refused. The error is that of the error event. What a Server gives to its
	// Handler is no failure.
	HandshakeFailed func(s *Socket, err error)

	// Received: a message, ping or pong has come; the number of bytes is the
	// length of its payload, decompressed and without headers. With
	// Options.FrameEvents it is called for each part. What comes after Close counts
	// too, though no handler is told of it. The closing of a connection is
	// not reported here but by Closed.
	Received func(s *Socket, kind wire.Kind, bytes int)

	// Sent: a message, ping or pong has been taken for sending, those included
	// that are sent by themselves; the number of bytes is the length of its
	// payload, before compression and without headers. While a peer takes nothing
	// only its latest ping is going to be answered.
	Sent func(s *Socket, kind wire.Kind, bytes int)
}

// noteSent is called without a lock.
func (s *Socket) noteSent(kind wire.Kind, n int) {
	if h := s.opts.Hooks; h != nil && h.Sent != nil {
		h.Sent(s, kind, n)
	}
}

func (s *Socket) noteReceived(kind wire.Kind, n int) {
	if h := s.opts.Hooks; h != nil && h.Received != nil {
		h.Received(s, kind, n)
	}
}

func (s *Socket) noteOpened() {
	if h := s.opts.Hooks; h != nil && h.Opened != nil {
		h.Opened(s)
	}
}

// noteEnded tells of the end of a connection, whether it was open or not.
func (s *Socket) noteEnded(wasOpen bool, e *CloseEvent, err error) {
	h := s.opts.Hooks
	switch {
	case h == nil:
	case !wasOpen:
		s.noteRefused(err)
	case h.Closed != nil:
		h.Closed(s, e)
	}
}

func (s *Socket) noteRefused(err error) {
	if h := s.opts.Hooks; h != nil && h.HandshakeFailed != nil {
		h.HandshakeFailed(s, err)
	}
}
