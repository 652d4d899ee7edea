package airsocket

import (
	"errors"
	"net"
	"sync"

	"github.com/airsocket/airsocket/wire"
)

// output is the sending half of a Socket. Its lock guards the Encoder and all
// that may be asked for from any goroutine. Frames go into pending, and from
// there to the system: at the end of the turn, or at once where there is none.
// What the system cannot take without waiting goes to a writer goroutine, which
// ends when it has nothing left.
type output struct {
	sync.Mutex
	enc      wire.Encoder
	pending  *wire.Buffer // frames that nobody has begun to write
	next     *Socket      // in the Dispatcher's list of unflushed sockets
	inflight int          // bytes that the writer goroutine has
	listed   bool         // the Dispatcher will flush
	writing  bool         // there is a writer goroutine
	fin      bool         // nothing follows: shut down when all is written
	silent   bool         // no close event, by Options.SilentClose
	broken   bool         // writing has failed: pending goes nowhere
}

// noFD stands for a descriptor where it may not be used directly.
const noFD = -1

// flushAt is the number of pending bytes that do not wait for the turn to end.
const flushAt = 64 << 10

// directAt is the length from which a payload is written from where it is
// rather than copied behind its header.
const directAt = 32 << 10

func (o *output) buffered() int {
	n := o.inflight
	if o.pending != nil {
		n += len(o.pending.B)
	}
	return n
}

// sendMessage is send for messages. The common case is here at its full length,
// for the sake of the stack; see readable.
func (s *Socket) sendMessage(kind wire.Kind, p []byte) error {
	s.out.Lock()
	if s.ReadyState() != Open || s.out.broken || len(p) >= directAt || !s.set.plain || !s.fits(len(p)) {
		s.out.Unlock()
		return s.send(wire.Event{Kind: kind, Data: p})
	}
	s.room(len(p) + maxHeader)
	b, err := s.out.enc.AppendMessage(s.out.pending.B, kind, p)
	s.out.pending.B = b
	if err != nil {
		s.dropEmpty()
	} else if !s.out.listed && !s.out.writing || len(b) >= flushAt {
		s.flushSoon()
	}
	s.out.Unlock()
	return err
}

// send takes one event for sending, or says why not.
//
//go:noinline
func (s *Socket) send(ev wire.Event) error {
	queued, err := s.take(ev)
	if err == nil && !queued {
		s.noteSent(ev.Kind, len(ev.Data))
	}
	return err
}

// take is send without the hook. It reports whether ev waits for the
// connection to be open.
func (s *Socket) take(ev wire.Event) (queued bool, err error) {
	s.out.Lock()
	defer s.out.Unlock()
	if s.ReadyState() != Open {
		return true, s.notOpenLocked(ev)
	}
	return false, s.sendLocked(ev)
}

// notOpenLocked is send in another state than Open.
func (s *Socket) notOpenLocked(ev wire.Event) error {
	switch s.ReadyState() {
	case Connecting:
		return s.queueLocked(ev)
	case Init:
		return ErrInvalidState
	}
	return ErrClosed
}

// fits reports whether n bytes more may wait. A message may always wait alone.
func (s *Socket) fits(n int) bool {
	waiting := s.out.buffered()
	return waiting == 0 || s.set.maxBuffered == 0 || n <= s.set.maxBuffered-waiting
}

func (s *Socket) sendLocked(ev wire.Event) error {
	if s.out.broken {
		return ErrClosed
	}
	if !s.fits(len(ev.Data)) {
		s.flushLocked(noFD) // what waits for nothing but the end of the turn
		if !s.fits(len(ev.Data)) {
			return ErrBufferFull
		}
	}
	if len(ev.Data) >= directAt && s.raw != nil && !s.out.writing && s.stream == nil {
		return s.sendDirect(ev)
	}
	s.room(len(ev.Data) + maxHeader)
	b, err := s.out.enc.Append(s.out.pending.B, ev)
	if err != nil {
		s.dropEmpty()
		return err
	}
	s.out.pending.B = b
	s.flushSoon()
	return nil
}

// maxHeader is the length of the longest frame header (RFC 6455, section 5.2).
const maxHeader = 14

// room makes pending able to take n bytes more.
func (s *Socket) room(n int) {
	if old := s.out.pending; old == nil || cap(old.B)-len(old.B) < n {
		s.makeRoom(n)
	}
}

//go:noinline
func (s *Socket) makeRoom(n int) {
	old := s.out.pending
	if old == nil {
		s.out.pending = buffers.Get(n)
		return
	}
	s.out.pending = buffers.Get(max(4*len(old.B), len(old.B)+n))
	s.out.pending.B = append(s.out.pending.B, old.B...)
	buffers.Put(old)
}

// sendDirect writes what is pending, a header and then the payload from where
// it is. What does not go at once is copied.
func (s *Socket) sendDirect(ev wire.Event) error {
	n := maxHeader
	if s.role == wire.Client {
		n += len(ev.Data) // it is masked, and thereby copied
	}
	s.room(n)
	b, rest, err := s.out.enc.AppendHeader(s.out.pending.B, ev)
	if err != nil {
		s.dropEmpty()
		return err
	}
	s.out.pending.B = b
	head := s.out.pending
	s.out.pending = nil
	n, err = writeNow(s.raw, noFD, head.B, rest)
	if n < len(head.B)+len(rest) && err == nil {
		left := buffers.Get(len(head.B) + len(rest) - n)
		if n < len(head.B) {
			left.B = append(left.B, head.B[n:]...)
		}
		left.B = append(left.B, rest[max(n-len(head.B), 0):]...)
		s.startWriter(left, 0)
	}
	buffers.Put(head)
	if err != nil {
		s.brokenLocked(err)
	}
	return nil
}

// queueLocked keeps a message for when the connection will be open. A server
// may always send once it has the request: nothing but its own answer is
// missing then.
func (s *Socket) queueLocked(ev wire.Event) error {
	if s.opening == nil || !s.set.QueueBeforeOpen && s.opening.request == nil {
		return ErrInvalidState
	}
	o := s.opening
	if o.queued > 0 && s.set.maxBuffered > 0 && o.queued+len(ev.Data) > s.set.maxBuffered {
		return ErrBufferFull
	}
	ev.Data = append([]byte(nil), ev.Data...)
	o.queue = append(o.queue, ev)
	o.queued += len(ev.Data) + 16
	return nil
}

// sendCloseLocked sends the close frame, or what stands for it in versions
// without one, and gives the peer its time to answer.
func (s *Socket) sendCloseLocked(ev wire.Event) {
	s.startClosing()
	s.room(125 + maxHeader)
	b, err := s.out.enc.Append(s.out.pending.B, ev)
	if err == nil {
		s.out.pending.B = b
	} else if errors.Is(err, wire.ErrUnsupported) {
		s.out.fin = true
	}
	s.dropEmpty()
	s.flushSoon()
}

// flushSoon has what is pending written at the end of the turn, or now.
func (s *Socket) flushSoon() {
	if s.out.writing {
		return
	}
	if !s.out.listed {
		s.out.listed = s.disp.flushLater(s)
	}
	if !s.out.listed || s.out.pending != nil && len(s.out.pending.B) >= flushAt {
		s.flushLocked(noFD)
	}
}

// flush is called once for each time that flushLater has listed s. The common
// case is here at its full length; see readable.
func (s *Socket) flush(fd int) {
	s.out.Lock()
	s.out.listed = false
	b := s.out.pending
	if fd == noFD || b == nil || s.out.writing || s.out.broken || s.stream != nil || s.out.fin {
		s.flushLocked(fd)
		s.out.Unlock()
		return
	}
	s.out.pending = nil
	n, err := writeFD(fd, b.B, nil)
	s.wrote(b, n, err)
	s.out.Unlock()
}

// wrote is for when n bytes of b have been written.
//
//go:noinline
func (s *Socket) wrote(b *wire.Buffer, n int, err error) {
	switch {
	case err != nil:
		buffers.Put(b)
		s.brokenLocked(err)
	case n < len(b.B):
		s.startWriter(b, n)
	default:
		buffers.Put(b)
		s.shutdownIfDone()
	}
}

// flushLocked writes what is pending, without waiting.
//
//go:noinline
func (s *Socket) flushLocked(fd int) {
	if s.out.writing {
		return
	}
	b := s.out.pending
	if b == nil {
		s.shutdownIfDone()
		return
	}
	if s.conn == nil || s.out.broken {
		s.discardPending()
		return
	}
	s.out.pending = nil
	if s.stream != nil {
		b = s.throughStream(b)
	}
	n := 0
	var err error
	if s.raw != nil {
		n, err = writeNow(s.raw, fd, b.B, nil)
	}
	s.wrote(b, n, err)
}

// throughStream is what the stream extension makes of the frames in b.
func (s *Socket) throughStream(b *wire.Buffer) *wire.Buffer {
	z := buffers.Get(len(b.B))
	out, err := s.stream.Append(z.B, b.B)
	if err != nil {
		s.abortLocked(err)
	}
	z.B = out
	buffers.Put(b)
	return z
}

func (s *Socket) startWriter(b *wire.Buffer, from int) {
	s.out.writing = true
	s.out.inflight = len(b.B) - from
	go s.write(s.conn, b, from)
}

// write is the writer goroutine.
func (s *Socket) write(conn net.Conn, b *wire.Buffer, from int) {
	for b != nil {
		_, err := conn.Write(b.B[from:])
		buffers.Put(b)
		b, from = s.written(conn, err), 0
	}
}

// written tells the writer goroutine of conn what is next: nil ends it.
func (s *Socket) written(conn net.Conn, err error) *wire.Buffer {
	s.out.Lock()
	if s.conn != conn { // the Socket has another by now
		s.out.Unlock()
		return nil
	}
	s.out.inflight = 0
	if err != nil {
		s.out.writing = false
		s.brokenLocked(err)
		s.out.Unlock()
		return nil
	}
	if b := s.out.pending; b != nil && !s.out.broken {
		s.out.pending = nil
		if s.stream != nil {
			b = s.throughStream(b)
		}
		s.out.inflight = len(b.B)
		s.out.Unlock()
		return b
	}
	s.out.writing = false
	s.shutdownIfDone()
	s.out.Unlock()
	s.drained()
	return nil
}

// drained emits the drain event, unless there is a writer goroutine again, whose
// event it is then.
func (s *Socket) drained() {
	s.disp.do(func() {
		// What other goroutines and turns have sent meanwhile must not be the
		// end of it: if it goes at once there will be no other event.
		s.Flush()
		if s.ReadyState() == Open && s.BufferedAmount() == 0 {
			emit(s, s.rarely().drain, &DrainEvent{target{s}})
		}
	})
}

// shutdownIfDone ends the sending direction when nothing is to follow, so that
// the peer sees the end only after all that was sent.
func (s *Socket) shutdownIfDone() {
	if !s.out.fin || s.out.writing || s.out.pending != nil || s.conn == nil {
		return
	}
	s.out.fin = false
	conn := s.conn
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		if s.raw != nil {
			c.CloseWrite()
			return
		}
		go c.CloseWrite() // that of TLS writes, and may have to wait
		return
	}
	go conn.Close()
}

// brokenLocked is for a connection that cannot be written to any more.
func (s *Socket) brokenLocked(err error) {
	s.out.broken = true
	s.discardPending()
	s.abortLocked(err)
}

func (s *Socket) discardPending() {
	if s.out.pending != nil {
		buffers.Put(s.out.pending)
		s.out.pending = nil
	}
}

// dropEmpty gives back a buffer that has nothing in it.
func (s *Socket) dropEmpty() {
	if s.out.pending != nil && len(s.out.pending.B) == 0 {
		s.discardPending()
	}
}
