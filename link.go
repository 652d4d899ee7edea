package airsocket

import (
	"errors"
	"io"
	"net"

	"github.com/airsocket/airsocket/wire"
)

var errWouldBlock = errors.New("airsocket: nothing to read")

// serve is the socket's goroutine while the connection is open: it reads, and
// runs the handlers for what it has read. It is the only one that touches the
// Decoder, and its end is the only place that a close event comes from.
//
// A raw connection is read in one RawConn.Read that lasts as long as the
// connection, so that a Socket that waits holds no buffer and a small stack.
func (s *Socket) serve() {
	defer s.finish()
	if s.raw == nil {
		s.readConn()
		return
	}
	if err := s.raw.Read(s.readable); err != nil {
		s.readEnd(err)
	}
}

// readable reads until there is nothing left to read and returns false to wait
// for more, or true when the connection is over.
func (s *Socket) readable(fd uintptr) bool {
	in := inputs.Get().(*input)
	over := s.drainFD(in, int(fd))
	inputs.Put(in)
	return over
}

func (s *Socket) drainFD(in *input, fd int) (over bool) {
	for {
		s.waitPaused()
		if s.aborted.Load() {
			s.readEnd(net.ErrClosed)
			return true
		}
		p := s.space()
		direct := p != nil
		if !direct {
			p = in.buf[:]
		}
		n, err := readFD(fd, p)
		switch {
		case err == errWouldBlock:
			return false
		case err != nil:
			s.readEnd(err)
			return true
		case n == 0:
			s.readEnd(io.EOF)
			return true
		}
		if s.received(in, p[:n], direct, fd) {
			return true
		}
	}
}

// readConn is for connections that can only be read by waiting in Read.
func (s *Socket) readConn() {
	in := inputs.Get().(*input)
	defer inputs.Put(in)
	for {
		s.waitPaused()
		p := s.space()
		direct := p != nil
		if !direct {
			p = in.buf[:]
		}
		n, err := s.conn.Read(p)
		if n > 0 && s.received(in, p[:n], direct, noFD) {
			return
		}
		if err != nil {
			s.readEnd(err)
			return
		}
	}
}

// space is where the bytes of a long payload can be read to directly.
func (s *Socket) space() []byte {
	if s.stream != nil {
		return nil
	}
	return s.dec.Space()
}

// received runs a turn for the bytes in p, which may have been read to the
// Decoder's own memory directly. It reports whether the connection is over.
func (s *Socket) received(in *input, p []byte, direct bool, fd int) (over bool) {
	s.heard()
	switch {
	case direct:
		s.dec.Filled(len(p))
	case s.stream != nil:
		return s.receivedStream(in, p, fd)
	default:
		s.dec.Feed(p)
	}
	return s.turns(in, fd)
}

// receivedStream is received for a connection whose byte stream an extension
// works on. What it inflates is taken a piece at a time.
func (s *Socket) receivedStream(in *input, p []byte, fd int) (over bool) {
	s.stream.Feed(p)
	inner := buffers.Get(streamSize)
	defer buffers.Put(inner)
	for {
		n, err := s.stream.Read(inner.B[:streamSize])
		if err != nil {
			s.disp.do(func() { s.handle(in, failure(wire.ErrStreamData)) })
			return false
		}
		if n == 0 {
			return false
		}
		s.dec.Feed(inner.B[:n])
		if s.turns(in, fd) {
			return true
		}
	}
}

const streamSize = 16 << 10

func failure(err *wire.ProtocolError) wire.Event {
	return wire.Event{Kind: wire.Fail, Code: err.Code, Err: err}
}

// turns runs turns until all events have been handled: one, but for pauses.
func (s *Socket) turns(in *input, fd int) (over bool) {
	for {
		paused, over := s.turn(in, fd)
		if !paused {
			return over
		}
		s.waitPaused()
	}
}

// turn handles events until there are none left or the socket is paused.
func (s *Socket) turn(in *input, fd int) (paused, over bool) {
	s.disp.enter()
	defer s.disp.leave(s, fd)
	for {
		ev := s.dec.Next()
		if ev.Kind == wire.None {
			return false, s.over()
		}
		s.handle(in, ev)
		if s.paused.Load() {
			return true, false
		}
	}
}

// readEnd is the end of what can be read.
func (s *Socket) readEnd(err error) {
	if err == io.EOF {
		err = nil
	}
	s.disp.enter()
	defer s.disp.leave(nil, noFD)
	if err != nil {
		s.setCause(err)
	}
	s.dec.FeedEOF(s.closeSent())
	in := inputs.Get().(*input)
	defer inputs.Put(in)
	for ev := range s.dec.Events() {
		s.handle(in, ev)
	}
}

// handle does what an event asks for, in a turn.
func (s *Socket) handle(in *input, ev wire.Event) {
	switch ev.Kind {
	case wire.Text, wire.Binary:
		switch {
		case s.ReadyState() != Open:
		case s.set.Parts:
			emit(s, s.on.frame, &FrameEvent{target{s}, ev.Kind, ev.Data, !ev.Cont, !ev.More})
		default:
			s.emitMessage(in, ev)
		}
		return
	case wire.Ping:
		if s.ReadyState() != Open {
			break
		}
		in.ping = PingEvent{target: target{s}, Data: ev.Data}
		emit(s, s.on.ping, &in.ping)
		if in.ping.prevented {
			return
		}
	case wire.Pong:
		if s.ReadyState() == Open {
			in.pong = PongEvent{target{s}, ev.Data}
			emit(s, s.on.pong, &in.pong)
			if s.pings != nil {
				s.ponged(ev.Data)
			}
		}
	case wire.Close:
		s.peerClosed(ev)
	case wire.Fail:
		s.peerFailed(ev)
	case wire.End:
		s.ended(ev)
	}
	if r, ok := wire.Reply(ev); ok {
		s.reply(r)
	}
}

func (s *Socket) emitMessage(in *input, ev wire.Event) {
	e := &in.message
	e.socket, e.kind, e.data = s, ev.Kind, ev.Data
	emit(s, s.on.message, e)
	e.data = nil
}

// reply sends what is owed. A pong that has no room is not sent: a peer that
// does not read what it asked for is owed no more.
func (s *Socket) reply(r wire.Event) {
	s.out.Lock()
	defer s.out.Unlock()
	if r.Kind == wire.Close {
		s.sendCloseLocked(r)
		return
	}
	if st := s.ReadyState(); st == Open || st == Closing {
		s.sendLocked(r)
	}
}
