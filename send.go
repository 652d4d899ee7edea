package airsocket

import (
	"unsafe"

	"github.com/airsocket/airsocket/wire"
)

// Send sends a text message (WHATWG send, AS3WebSocket's sendUTF). It does not wait:
// data that the system cannot take yet is kept, up to Options.MaxBuffered. Messages are
// sent in the order of the calls, and before the close frame of a later Close.
//
// Send returns [ErrInvalidState] if the socket has not been started or is connecting,
// [ErrClosed] if it is closing or closed, [ErrBufferFull], and wire.ErrBadText if text
// is not valid UTF-8. In these cases the message is not sent. While the socket is
// connecting, messages are kept instead if Options.QueueBeforeOpen is set, and on a
// server that has received the request.
//
// Messages that handlers send go out when their turn ends; Flush sends them earlier.
func (s *Socket) Send(text string) error {
	return s.sendMessage(wire.Text, viewOf(text))
}

// SendBytes sends a binary message (AS3WebSocket's sendBytes), like Send. The
// caller may reuse p when SendBytes returns. In versions without binary messages it
// returns wire.ErrUnsupported.
func (s *Socket) SendBytes(p []byte) error {
	return s.sendMessage(wire.Binary, p)
}

// SendMessage sends a message of the given kind (AIR's sendMessage, whose constants
// have the same values): wire.Text, wire.Binary, wire.Ping, wire.Pong, or
// wire.Close, which calls Close without a status code and ignores data. It returns
// [ErrArgument] for other kinds, and for nil data unless kind is wire.Close; to
// send an empty message pass an empty slice.
func (s *Socket) SendMessage(kind wire.Kind, data []byte) error {
	switch {
	case kind == wire.Close:
		return calledBy("SendMessage", s.closeWithoutCode())
	case data == nil:
	case kind == wire.Text, kind == wire.Binary:
		return calledBy("SendMessage", s.sendMessage(kind, data))
	case kind == wire.Ping, kind == wire.Pong:
		return calledBy("SendMessage", s.send(wire.Event{Kind: kind, Data: data}))
	}
	return ErrArgument
}

// closeWithoutCode is what SendMessage does with wire.Close, whatever codes the rules allow. It
// is not inlined, because each byte of SendMessage's frame is one of the stack of an echo.
//
//go:noinline
func (s *Socket) closeWithoutCode() error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	return s.closeLocked(0, "")
}

// Ping sends a ping with a payload of at most 125 bytes (RFC 6455, section 5.5.2), like
// Send. It returns wire.ErrTooBig for a longer payload, and wire.ErrUnsupported in
// versions without pings and in the browser.
func (s *Socket) Ping(payload []byte) error {
	return s.send(wire.Event{Kind: wire.Ping, Data: payload})
}

// Pong sends a pong, like Ping: an unsolicited one, or the answer to a ping for
// which PreventDefault was called (RFC 6455, section 5.5.3).
func (s *Socket) Pong(payload []byte) error {
	return s.send(wire.Event{Kind: wire.Pong, Data: payload})
}

// Flush sends at once what would be sent at the end of the turn. Only handlers that run
// for long after a Send need it.
func (s *Socket) Flush() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.writeFailedLocked(s.sender.flushNow())
}

// SendPart sends one frame of a message of the kind wire.Text or wire.Binary, so
// that a long message need not be in memory as a whole (sendFrame of AS3WebSocket
// and WebSocket-Node). The first call begins the message, and final ends it. Text
// may be cut within a character. A message that is a single part goes out as Send and
// SendBytes would send it. With permessage-deflate the parts are compressed together,
// whatever Options.CompressionThreshold says; each frame holds all of its part. Parts
// that are not to be compressed are sent with SendUncompressed.
//
// Until the last part has been sent, other messages and parts of the other kind are
// refused with wire.ErrPartOrder, from whichever goroutine, but not pings, pongs and
// Close, which may leave the message unfinished. When a connection ends, an unfinished
// message ends with it: with Options.Reconnect the next part begins another message.
// Server.Broadcast and Publish skip the socket while a message is unfinished.
//
// Options.MaxBuffered applies to each part: after [ErrBufferFull] the same part can be
// sent again, for instance in the handler of OnDrain. SendPart also returns the errors of
// [Socket.Send], [ErrArgument] for other kinds, and wire.ErrUnsupported for the parts of a
// longer message in the hixie versions. While the socket is connecting it always returns
// ErrInvalidState: only the opening handshake decides what can be sent in parts, so
// Options.QueueBeforeOpen keeps none.
func (s *Socket) SendPart(kind wire.Kind, p []byte, final bool) error {
	return s.sendPart("SendPart", wire.Event{Kind: kind, More: !final, Data: p})
}

// SendUncompressed sends a message, or with final = false a part of one, like SendPart,
// but as it is even if compression was negotiated (compress: false in ws for Node). Use it
// for what is compressed already, and for secrets: the length of a compressed message tells
// how much of a secret an attacker has guessed who can get other text into the same
// message or, with context takeover, into one before or after it (the attacks CRIME and
// BREACH). What SendUncompressed sends is not kept for the compression of later messages
// either.
//
// All parts of a message are sent by SendPart, or all by SendUncompressed; others are
// refused with wire.ErrPartOrder. SendUncompressed returns the errors of SendPart, and
// wire.ErrUnsupported if an extension has to encode everything, as deflate-stream does, and
// as the browser's do.
// With another extension the message is sent as if that had not been negotiated.
func (s *Socket) SendUncompressed(kind wire.Kind, p []byte, final bool) error {
	return s.sendPart("SendUncompressed", wire.Event{Kind: kind, More: !final, Data: p, Unencoded: true})
}

// sendPart sends ev for the given method.
func (s *Socket) sendPart(method string, ev wire.Event) error {
	if ev.Kind != wire.Text && ev.Kind != wire.Binary {
		return ErrArgument
	}
	switch s.ReadyState() {
	case StateInit:
		return notStarted(method)
	case StateConnecting:
		return &stateError{method, "the socket is connecting, and Options.QueueBeforeOpen does not keep what " + method + " sends: call it in the handler of OnOpen"}
	case StateClosing, StateClosed:
		return ErrClosed
	}
	err := s.unsendable(ev)
	if err == nil {
		err = s.sender.sendPart(ev)
	}
	if err == nil {
		s.opts.Hooks.sent(s, ev.Kind, len(ev.Data))
	}
	return err
}

// maxPingWaits is how many calls of PingFunc on a Socket may wait for a pong at the
// same time.
const maxPingWaits = 1024

// PingFunc sends a ping, like Ping, and calls fn in a turn when a pong with the same
// payload arrives (Faye's ping(message, callback)). If the connection ends before
// that, fn is not called. PingFunc also returns [ErrBufferFull] if 1,024 calls of it
// are waiting for a pong.
func (s *Socket) PingFunc(payload []byte, fn func()) error {
	wait := &pingWait{string(payload), fn}
	err := s.expectPong(wait)
	if err == nil {
		if err = s.send(wire.Event{Kind: wire.Ping, Data: payload}); err != nil {
			s.takePing(func(p *pingWait) bool { return p == wait })
		}
	}
	return calledBy("PingFunc", err)
}

// expectPong adds wait to the pings that wait for a pong. It returns an error if no
// pong can come, or if too many are waiting.
func (s *Socket) expectPong(wait *pingWait) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	switch s.ReadyState() {
	case StateInit:
		return notStarted("PingFunc")
	case StateClosing, StateClosed:
		return ErrClosed
	}
	x := s.makeRare()
	if len(x.pings) >= maxPingWaits {
		return ErrBufferFull
	}
	x.pings = append(x.pings, wait)
	return nil
}

// sendMessage is send for messages, with a small frame; see ARCHITECTURE.md.
func (s *Socket) sendMessage(kind wire.Kind, p []byte) error {
	if s.life.at() == stageOpen && s.opts.messagesOnly {
		return s.sender.sendMessage(kind, p)
	}
	return s.sendMessageSlow(kind, p)
}

// sendMessageSlow is sendMessage when the connection is not open or more than message
// handlers are involved. It keeps the event out of the frame of sendMessage.
//
//go:noinline
func (s *Socket) sendMessageSlow(kind wire.Kind, p []byte) error {
	err := s.send(wire.Event{Kind: kind, Data: p})
	if err != nil {
		err = s.opts.Rules.sent(s, len(p), err)
	}
	return err
}

// send sends ev, or keeps it until the connection is open, or returns why it cannot.
//
//go:noinline
func (s *Socket) send(ev wire.Event) error {
	if s.ReadyState() != StateOpen {
		if sent, err := s.sendEarly(ev); !sent {
			return err
		}
	}
	err := s.unsendable(ev)
	if err == nil {
		err = s.sender.send(ev)
	}
	if err == nil {
		s.opts.Hooks.sent(s, ev.Kind, len(ev.Data))
	}
	return err
}

// sendEarly is send for a socket that is not open. It returns true if the socket has
// become open meanwhile, so that the caller can send ev.
func (s *Socket) sendEarly(ev wire.Event) (open bool, err error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
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

// queueLocked keeps ev until the connection is open. A server that has received the
// request may always send, since only its own response is missing.
func (s *Socket) queueLocked(ev wire.Event) error {
	o := s.opening
	if o == nil || !s.opts.queues() && o.request == nil {
		return notOpen(ev.Kind, s.life.role)
	}
	version := s.opts.clientVersion
	if o.request != nil {
		version = o.request.Version
	}
	if err := s.unsendable(ev); err != nil {
		return err
	}
	return o.early.add(ev, version, s.opts.maxBuffered)
}

// The following methods make a Socket the senderOwner of its sender.

func (s *Socket) flushLater(t *sender) bool { return s.disp.flushLater(t) }

func (s *Socket) turn() uint64 { return s.disp.turnNumber() }

func (s *Socket) writes() {
	if s.opts.writeTimeout > 0 {
		s.withClock().noteWrite(s.opts.writeTimeout)
	}
}

func (s *Socket) sentLater(kind wire.Kind, n int) { s.opts.Hooks.sent(s, kind, n) }

// pongWaits stops reading from a client that sends pings and does not take the pongs: each of
// these pings would cost time, for nothing. The time that the peer may take to read is that of
// WriteTimeout. A client itself always goes on reading, so that two ends that do the same
// never wait for each other.
func (s *Socket) pongWaits(many bool) {
	switch {
	case s.life.role == wire.Client:
	case many:
		s.reader.awaitPong()
		s.holdClock(pongHold)
	default:
		s.reader.pongGoes()
		s.releaseClock(pongHold)
	}
}

// drained emits the drain event, unless there is another writer by now: then
// its end causes the event.
func (s *Socket) drained() {
	s.do(drainTurn, func() {
		// What was sent meanwhile may still be pending. If it is written at once it
		// causes no drain event of its own, so this event must come after it.
		s.Flush()
		if s.ReadyState() == StateOpen && s.sender.allWritten() {
			emit(s, s.rare().drain, &DrainEvent{target{s}})
		}
	})
}

// viewOf returns the bytes of s without copying them. They must not be changed.
func viewOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
