package airsocket

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"time"
	"unsafe"

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
	over := true
	defer func() {
		if over {
			s.finish()
		}
	}()
	if s.sender.raw == nil {
		s.readConn()
		return
	}
	for {
		err := s.sender.raw.Read(s.readable)
		if err == nil || !s.looksAgain(err) {
			s.readEnd(err)
			return
		}
		if s.flags.has(deep) {
			s.flags.clear(deep)
			over = false
			go s.serve()
			return
		}
	}
}

// looksAgain reports whether an error of waiting means that the reader shall look
// at the connection once more: nothing but that sets a deadline in the past for
// an open connection; see look. It is reset before the connection is looked at,
// so that no other look is missed.
func (s *Socket) looksAgain(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !s.flags.has(aborted) && s.sender.conn.SetReadDeadline(time.Time{}) == nil
}

// readable reads until there is nothing left to read and returns false to wait
// for more, or true when the connection is over. From here to the handlers and
// back to the system the functions are few and their frames small, so that the
// stack keeps the 2 KiB that it begins with.
func (s *Socket) readable(fd uintptr) bool {
	in := readInputs.Get().(*readInput)
	mark := stackMark()
	for s.readFD(in, int(fd)) {
		s.deliver(in, int(fd))
		if in.drained && !in.over {
			if stackMark() != mark {
				s.flags.set(deep)
			}
			s.lookLater(int(fd))
			break
		}
	}
	over := in.over
	in.over = false
	readInputs.Put(in)
	if !s.flags.has(waited) {
		s.flags.set(waited)
	}
	return over
}

// readReady is readFD. Where TCP's urgent data is next, the system says that there
// is nothing to read while the thread has a signal to take, as the runtime sends
// them to goroutines that run for long.
func (s *Socket) readReady(fd int, p []byte) (n int, err error) {
	n, err = readFD(fd, p)
	for try := 0; err == errWouldBlock && try < 8 && s.flags.has(urgent); try++ {
		n, err = readFD(fd, p)
	}
	return n, err
}

// stackMark is a place on the stack of its caller. It is another one when the
// stack has grown meanwhile, since a stack grows by moving.
//
//go:noinline
func stackMark() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here))
}

// readFD reads once. It returns true if that brought something to handle, and
// sets in.over when the connection is over.
//
//go:noinline
func (s *Socket) readFD(in *readInput, fd int) (some bool) {
	if in.over {
		return false
	}
	if s.flags.has(paused) || s.flags.has(aborted) {
		if s.waitPaused(); s.flags.has(aborted) {
			return s.readOver(in, net.ErrClosed)
		}
	}
	p := s.readBuffer()
	direct := p != nil
	if !direct {
		p = in.buf[:]
	}
	n, err := s.readReady(fd, p)
	switch {
	case err == errWouldBlock:
		if s.skips && s.flags.has(waited) && !s.flags.has(urgent) {
			s.lookLater(fd) // it has been told that there is something
		}
		return false
	case err != nil:
		return s.readOver(in, err)
	case n == 0:
		return s.readOver(in, io.EOF)
	}
	if in.drained = n < len(p) && s.skips; s.flags.has(deep) {
		s.flags.clear(quiet)
	}
	s.feed(in, p[:n], direct)
	return true
}

// What readConn reads at a time: little while nothing comes, as each connection
// has a buffer of its own then, and more as long as that is filled.
const (
	idleRead = 512
	busyRead = 16 << 10
)

// readConn is for connections that can only be read by waiting in Read, such as
// those of TLS.
func (s *Socket) readConn() {
	idle := buffers.Get(idleRead)
	defer buffers.Put(idle)
	for more := false; ; {
		s.waitPaused()
		b, p := idle, s.readBuffer()
		direct := p != nil
		if more && !direct {
			b = buffers.Get(busyRead)
		}
		if !direct {
			p = b.B[:cap(b.B)]
		}
		n, err := s.sender.conn.Read(p)
		more = n == len(p)
		over := n > 0 && s.readSome(p[:n], direct)
		if b != idle {
			buffers.Put(b)
		}
		if over || err != nil {
			s.readEnd(err)
			return
		}
	}
}

// readSome handles what a Read of readConn has brought.
func (s *Socket) readSome(p []byte, direct bool) (over bool) {
	in := readInputs.Get().(*readInput)
	s.feed(in, p, direct)
	s.deliver(in, noFD)
	over, in.over = in.over, false
	readInputs.Put(in)
	return over
}

// readBuffer is where the bytes of a long payload can be read to directly.
func (s *Socket) readBuffer() []byte {
	if s.extras().stream != nil {
		return nil
	}
	return s.dec.Space()
}

// feed gives the bytes in p, which may have been read to the Decoder's own
// memory directly, to the Decoder or to the extension below it.
func (s *Socket) feed(in *readInput, p []byte, direct bool) {
	switch {
	case direct:
		s.dec.Filled(len(p))
	case s.extras().stream != nil:
		s.extras().stream.Feed(p)
	default:
		s.dec.Feed(p)
	}
	if s.opts.pingInterval > 0 {
		s.noteRead()
	}
}

// deliver runs deliver until all that was fed has been handled: one, but for pauses
// and for what a stream extension inflates, which is taken a piece at a time.
func (s *Socket) deliver(in *readInput, fd int) {
	switch {
	case s.extras().stream != nil:
		s.deliverStream(in, fd)
	case s.decodesAhead():
		s.deliverAhead(in, fd)
	default:
		for s.deliverTurn(in, fd) {
			s.waitPaused()
		}
	}
}

func (s *Socket) deliverStream(in *readInput, fd int) {
	inner := buffers.Get(streamSize)
	defer buffers.Put(inner)
	slot := s.takeSlot()
	defer func() { slot.release() }()
	for !in.over {
		n, err := s.extras().stream.Read(inner.B[:streamSize])
		if err != nil {
			in.ev = wire.Event{Kind: wire.Fail, Code: wire.ErrStreamData.Code, Err: wire.ErrStreamData}
			s.do(receiveTurn, func() { s.handle(in) })
			return
		}
		if n == 0 {
			return
		}
		s.dec.Feed(inner.B[:n])
		for s.deliverTurn(in, fd) {
			slot.release()
			s.waitPaused()
			slot = s.takeSlot()
		}
	}
}

const streamSize = 16 << 10

// deliverTurn handles events until there are none left or the socket is paused, which
// it reports.
func (s *Socket) deliverTurn(in *readInput, fd int) (held bool) {
	defer s.leave(s.enter(), receiveTurn, fd)
	for {
		if s.nextEvent(in) {
			// What emit does if nobody but the handler wants to know.
			s.on.message(&in.message)
			in.message.data = nil
		} else if in.ev.Kind == wire.None {
			in.over = s.over()
			return false
		} else {
			s.handle(in)
		}
		if s.flags.has(paused) {
			return true
		}
	}
}

// nextEvent takes the next event from the Decoder. It returns true for a message
// that concerns nobody but the handler that OnMessage has set.
//
//go:noinline
func (s *Socket) nextEvent(in *readInput) (plain bool) {
	plain = s.opts.messagesOnly && s.on.message != nil && s.extras().listeners == nil && s.ReadyState() == StateOpen
	if plain {
		if kind, data := s.dec.NextMessage(); kind != wire.None {
			in.message.socket, in.message.kind, in.message.data = s, kind, data
			return true
		}
	}
	in.ev = s.dec.Next()
	if k := in.ev.Kind; !plain || k != wire.Text && k != wire.Binary {
		return false
	}
	in.message.socket, in.message.kind, in.message.data = s, in.ev.Kind, notNil(in.ev.Data)
	return true
}

// readOver is for readFD: nothing follows, for the reason err.
//
//go:noinline
func (s *Socket) readOver(in *readInput, err error) bool {
	in.over = true
	if err != io.EOF {
		s.setCause(err)
	}
	return false
}

// readEnd is the end of what can be read. An err is why, unless it is the end of
// what the peer has sent. It does nothing if the closing handshake has said that
// there is nothing left to read for.
func (s *Socket) readEnd(err error) {
	// TLS without its close_notify ends with io.ErrUnexpectedEOF. Whether the end
	// was to be expected is known from what the frames have said, as without TLS.
	ended := err == nil || err == io.EOF || err == io.ErrUnexpectedEOF
	if !ended {
		s.setCause(err)
	}
	s.lastEvents()
	if ended {
		s.drain()
	}
}

// lastEvents is the turn of what the end of the stream leads to.
func (s *Socket) lastEvents() {
	in := readInputs.Get().(*readInput)
	defer s.leave(s.enter(), receiveTurn, noFD)
	if s.over() {
		return
	}
	s.dec.FeedEOF(s.sender.closeSent())
	for in.ev = s.dec.Next(); in.ev.Kind != wire.None; in.ev = s.dec.Next() {
		s.handle(in)
	}
	readInputs.Put(in)
}

// handle does what in.ev asks for, in a turn.
//
//go:noinline
func (s *Socket) handle(in *readInput) {
	ev := in.ev
	switch ev.Kind {
	case wire.Text, wire.Binary:
		s.noteReceived(ev.Kind, len(ev.Data))
		switch {
		case s.ReadyState() != StateOpen:
		case s.opts.FrameEvents:
			emit(s, s.extras().frame, &FrameEvent{target{s}, ev.Kind, ev.Data, ev.Cont, ev.More})
		default:
			in.message = MessageEvent{target{s}, ev.Kind, notNil(ev.Data)}
			emit(s, s.on.message, &in.message)
			in.message.data = nil
		}
		return
	case wire.Ping:
		s.noteReceived(ev.Kind, len(ev.Data))
		if s.ReadyState() != StateOpen {
			break
		}
		in.ping = PingEvent{target: target{s}, Data: ev.Data}
		emit(s, s.extras().ping, &in.ping)
		if in.ping.prevented {
			return
		}
	case wire.Pong:
		s.noteReceived(ev.Kind, len(ev.Data))
		if s.ReadyState() == StateOpen {
			in.pong = PongEvent{target{s}, ev.Data}
			emit(s, s.extras().pong, &in.pong)
			s.ponged(ev.Data)
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

// reply sends what is owed to the peer.
func (s *Socket) reply(r wire.Event) {
	if r.Kind == wire.Pong {
		if st := s.ReadyState(); (st == StateOpen || st == StateClosing) && s.sender.sendPong(r.Data) {
			s.noteSent(r.Kind, len(r.Data))
		}
		return
	}
	// The server ends the connection, the client waits for that (RFC 6455, section
	// 7.1.1).
	fin := s.fate().failed || s.role == wire.Server || !s.cfg.Version.Can(wire.Close)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendCloseLocked(r, fin)
}

// drain has what was sent written for a peer that has ended its own direction, and
// may still read, and waits for that; or until the connection is aborted, after
// Options.CloseTimeout at the latest. There is no waiting without a bound here: a
// peer that says nothing more cannot be told from one that has gone.
func (s *Socket) drain() {
	done := s.sender.drain()
	if done == nil {
		return
	}
	s.mu.Lock()
	s.startClosing(cmp.Or(s.opts.closeTimeout, DefaultCloseTimeout))
	s.mu.Unlock()
	<-done
}
