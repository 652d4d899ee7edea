package airsocket

import (
	"errors"
	"sync"
	"unicode/utf8"

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
	inflight int          // bytes that the writer goroutine has, or finds in the backlog
	handed   uint16       // of inflight, inside a Write of a connection that is not raw
	closeLen uint8        // length of the close frame, behind which nothing follows
	listed   bool         // the Dispatcher will flush
	writing  bool         // there is a writer goroutine
	fin      bool         // nothing follows: shut down when all is written
	data     bool         // what waits is not only what is sent without being asked for
	broken   bool         // writing has failed: pending goes nowhere
}

// noFD stands for a descriptor where it may not be used directly.
const noFD = -1

// flushAt is the number of pending bytes that do not wait for the turn to end.
const flushAt = 64 << 10

// directAt is the length from which a payload is written from where it is
// rather than copied behind its header.
const directAt = 32 << 10

// buffered is how many bytes are held until they are written.
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
	if s.ReadyState() != StateOpen || s.out.broken || len(p) >= directAt || !s.opts.messagesOnly || !s.fits(len(p)) {
		s.out.Unlock()
		return s.send(wire.Event{Kind: kind, Data: p})
	}
	s.room(len(p) + maxHeader)
	b, err := s.out.enc.AppendMessage(s.out.pending.B, kind, p)
	s.out.pending.B = b
	s.out.data = true
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
	if s.ReadyState() != StateOpen {
		return true, s.notOpenLocked(ev)
	}
	return false, s.sendLocked(ev)
}

// notOpenLocked is send in another state than Open.
func (s *Socket) notOpenLocked(ev wire.Event) error {
	switch s.ReadyState() {
	case StateConnecting:
		return s.queueLocked(ev)
	case StateInit:
		return notStarted(senders[ev.Kind])
	}
	return ErrClosed
}

// fits reports whether n bytes more may wait. A message may always wait alone.
func (s *Socket) fits(n int) bool {
	waiting := s.out.buffered()
	return waiting == 0 || s.opts.maxBuffered == 0 || n <= s.opts.maxBuffered-waiting
}

// admitLocked says why a message of n bytes cannot be taken now, if it cannot.
func (s *Socket) admitLocked(n int) error {
	if !s.fits(n) {
		s.flushLocked(noFD) // what waits for nothing but the end of the turn
	}
	switch {
	case s.out.broken:
		return ErrClosed
	case !s.fits(n):
		return ErrBufferFull
	}
	return nil
}

// sendControl is sendLocked for what nobody has asked for: pongs and pings that are
// sent by themselves. That they are lost is no loss.
func (s *Socket) sendControl(ev wire.Event) error {
	others := s.out.data
	err := s.sendLocked(ev)
	s.out.data = s.out.data && others
	return err
}

func (s *Socket) sendLocked(ev wire.Event) error {
	if err := s.admitLocked(len(ev.Data)); err != nil {
		return err
	}
	s.out.data = true
	if len(ev.Data) >= directAt && !ev.Cont && !ev.More && s.raw != nil && !s.out.writing && s.extras().stream == nil {
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

// maxControl is the longest payload of a control frame (RFC 6455, section 5.5).
const maxControl = 125

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
	if s.out.pending == nil {
		s.out.pending = buffers.Get(n)
		return
	}
	s.growRoom(n)
}

//go:noinline
func (s *Socket) growRoom(n int) {
	old := s.out.pending
	if s.out.writing && len(old.B) > flushAt/2 && len(old.B)+n > flushAt {
		s.stashPending()
		s.out.pending = buffers.Get(n)
		return
	}
	s.out.pending = buffers.Get(max(min(4*len(old.B), flushAt), len(old.B)+n))
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
	unsent := len(head.B) + len(rest) - n
	if unsent > 0 && err == nil {
		left := &wire.Buffer{B: make([]byte, 0, unsent)} // which may have to wait for long
		if n < len(head.B) {
			left.B = append(left.B, head.B[n:]...)
		}
		left.B = append(left.B, rest[max(n-len(head.B), 0):]...)
		s.startWriter(left, 0)
	}
	buffers.Put(head)
	if err != nil {
		s.brokenLocked(err, unsent)
	}
	return nil
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

// sendCloseLocked sends the close frame, or what stands for it in versions
// without one, and gives the peer its time to answer.
func (s *Socket) sendCloseLocked(ev wire.Event) {
	if s.out.broken {
		return // perhaps the connection is over by now
	}
	s.startClosing(s.opts.closeTimeout)
	s.room(maxControl + maxHeader)
	b, err := s.out.enc.Append(s.out.pending.B, ev)
	if err == nil {
		s.out.closeLen = uint8(len(b) - len(s.out.pending.B))
		s.out.pending.B = b
	} else if errors.Is(err, wire.ErrUnsupported) {
		s.out.fin = true
	}
	s.dropEmpty()
	s.flushSoon()
}
