package airsocket

import "github.com/airsocket/airsocket/wire"

// SendPart sends one frame of a message of the kind wire.Text or wire.Binary, so
// that a long message need not be in memory as a whole (sendFrame of AS3WebSocket
// and WebSocket-Node). The first call begins the message, and final ends it. Text
// may be cut within a character. Parts go out as they are, without compression; a
// message that is a single part goes out as Send and SendBytes would send it.
//
// Until the last part has been sent, other messages and parts of the other kind
// are refused with wire.ErrPartOrder, but not pings, pongs and Close.
// Server.Broadcast skips the socket meanwhile. SendPart also returns the errors of
// [Socket.Send], [ErrArgument] for other kinds, and wire.ErrUnsupported for the
// parts of a longer message in the hixie versions. Options.QueueBeforeOpen does not
// keep parts.
func (s *Socket) SendPart(kind wire.Kind, p []byte, final bool) error {
	if kind != wire.Text && kind != wire.Binary {
		return ErrArgument
	}
	switch s.ReadyState() {
	case StateInit:
		return notStarted("SendPart")
	case StateConnecting:
		return &stateError{"SendPart", "the socket is connecting: send in the handler of OnOpen"}
	case StateClosing, StateClosed:
		return ErrClosed
	}
	err := s.sender.sendPart(wire.Event{Kind: kind, More: !final, Data: p})
	if err == nil {
		s.noteSent(kind, len(p))
	}
	return err
}
