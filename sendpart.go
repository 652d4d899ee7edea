package airsocket

import "github.com/airsocket/airsocket/wire"

// SendPart sends one frame of a message of the kind wire.Text or wire.Binary, so
// that a long message need not be in memory as a whole (sendFrame of AS3WebSocket
// and WebSocket-Node). The first call begins a message, and the first call with more
// false ends it. Text may be cut within a character. Parts are sent without
// compression.
//
// Until the last part has been sent, other messages are refused with
// wire.ErrPartOrder, and so are parts of the other kind; pings, pongs and Close are
// not. A Broadcast leaves the socket out. The other errors are those of
// [Socket.Send], [ErrArgument] for another kind, and wire.ErrUnsupported in the
// hixie versions. Parts are not kept by Options.QueueBeforeOpen.
func (s *Socket) SendPart(kind wire.Kind, p []byte, more bool) error {
	if kind != wire.Text && kind != wire.Binary {
		return ErrArgument
	}
	err := s.sendPart(wire.Event{Kind: kind, More: more, Data: p})
	if err == nil {
		s.noteSent(kind, len(p))
	}
	return err
}

func (s *Socket) sendPart(ev wire.Event) error {
	s.out.Lock()
	defer s.out.Unlock()
	switch s.ReadyState() {
	case Init:
		return notStarted("SendPart")
	case Connecting:
		return &stateError{"SendPart", "the socket is connecting: send in the handler of OnOpen"}
	case Closing, Closed:
		return ErrClosed
	}
	ev.Cont = s.out.enc.Unfinished() != wire.None
	return s.sendLocked(ev)
}
