package airsocket

import (
	"errors"
	"math"
	"sync"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// A sender is the sending half of a connection. Messages become frames in pending,
// and go from there to the system: at the end of the turn, or at once where there
// is none. What the system does not take without waiting is left to a writer
// goroutine, which ends when it has nothing left.
//
// A sender knows no Socket. It returns errors, and tells its owner what it finds
// out while nobody has called it.
type sender struct {
	owner senderOwner // does not change
	limit int         // bytes that may wait to be sent; 0: no limit; does not change

	// What most messages need comes first.
	mu       sync.Mutex // guards what follows
	enc      wire.Encoder
	pending  *wire.Buffer // frames that nobody has begun to write
	next     *sender      // in the Dispatcher's list of unflushed senders
	extra    *senderExtra // nil while nothing of it is needed
	inflight int          // bytes that the writer goroutine has, or finds in extra
	handed   uint16       // of inflight, inside a Write of a connection that is not raw
	number   uint16       // of the connections that there have been
	closeLen uint8        // length of the close frame, behind which nothing follows
	listed   bool         // the Dispatcher will flush
	writing  bool         // there is a writer goroutine
	fin      bool         // nothing follows: shut down when all is written
	data     bool         // what waits is not only what is sent without being asked for
	broken   bool         // nothing can be sent: not yet, or writing has failed, or it is over
	failing  bool         // the owner is to be told that writing has failed
	left     bool         // nobody waits for the writer goroutine any longer
	closed   bool         // a close has been sent, or what stands for it
	closeOut bool         // the close frame could not be written

	conn *transport.Conn // nil before there is one
}

// A senderOwner is the Socket, as its sender knows it. The sender's lock is held
// while the first one is called, and not while the others are.
type senderOwner interface {
	flushLater(*sender) bool   // flushes at the end of the turn; false if there is none
	writeFailed(uint16, error) // the connection of this number cannot be written to any more
	drained()                  // all is written, after it could not be at once
	sentLater(wire.Kind, int)  // a message of so many bytes is sent that was put off before
}

// senderExtra is the part of a sender that exists only while the system does not
// take all that is sent, or with an extension below the frames.
type senderExtra struct {
	stream *outflow       // below the frames; nil for none
	chunks []*wire.Buffer // for the writer goroutine, before the pending frames
	pong   []byte         // what the latest ping is owed; nil for nothing
	lost   int            // bytes of accepted messages that could not be written
	done   chan struct{}  // closed at the end of the writer goroutine, if somebody waits for it
	cause  error          // why writing has failed
}

var noSenderExtra senderExtra

// extras returns t.extra for reading.
func (t *sender) extras() *senderExtra {
	if t.extra != nil {
		return t.extra
	}
	return &noSenderExtra
}

func (t *sender) makeExtras() *senderExtra {
	if t.extra == nil {
		t.extra = new(senderExtra)
	}
	return t.extra
}

// flushAt is the number of pending bytes that do not wait for the turn to end.
const flushAt = 64 << 10

// directAt is the length from which a payload is written from where it is
// rather than copied behind its header.
const directAt = 32 << 10

// maxControl is the longest payload of a control frame (RFC 6455, section 5.5).
const maxControl = 125

// maxHeader is the length of the longest frame header (RFC 6455, section 5.2).
const maxHeader = 14

// reset forgets the connection before, whose writer goroutine is no longer heard.
func (t *sender) reset() {
	t.mu.Lock()
	t.number++
	t.discardPending()
	t.conn, t.extra = nil, nil
	t.enc = wire.Encoder{}
	t.inflight, t.handed, t.closeLen = 0, 0, 0
	t.writing, t.fin, t.data, t.failing, t.left, t.closed, t.closeOut = false, false, false, false, false, false, false
	t.broken = true // until begin
	t.mu.Unlock()
}

// attach makes conn the connection.
func (t *sender) attach(conn *transport.Conn) {
	t.mu.Lock()
	t.conn = conn
	t.mu.Unlock()
}

// connection returns conn.
func (t *sender) connection() *transport.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn
}

// config returns what has been agreed on for the connection, or nil if it has never
// been open.
func (t *sender) config() *wire.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enc.Config()
}

// begin lets messages be sent, through stream if it is not nil, and enqueues those
// of queue, before all others. It returns those that it has taken, and an error if
// writing has failed.
func (t *sender) begin(cfg *wire.Config, stream extensions.Stream, queue []wire.Event) (sent []wire.Event, err error) {
	t.mu.Lock()
	t.broken = false
	t.enc.Init(cfg)
	if stream != nil {
		t.makeExtras().stream = &outflow{stream}
	}
	for _, ev := range queue {
		if t.enqueue(ev) == nil {
			sent = append(sent, ev)
		}
	}
	return sent, t.unlockQuietly()
}

// unlock ends what mu.Lock has begun. If writing has been found to fail, the owner
// is told.
func (t *sender) unlock() {
	if t.failing {
		t.unlockAndTell()
		return
	}
	t.mu.Unlock()
}

//go:noinline
func (t *sender) unlockAndTell() {
	t.failing = false
	number, cause := t.number, t.extra.cause
	t.mu.Unlock()
	t.owner.writeFailed(number, cause)
}

// unlockQuietly is unlock for the owner itself.
func (t *sender) unlockQuietly() (failed error) {
	if t.failing {
		failed, t.failing = t.extra.cause, false
	}
	t.mu.Unlock()
	return failed
}

// sendMessage enqueues a text or binary message. The common case is here at its
// full length, for the sake of the stack; see ARCHITECTURE.md.
func (t *sender) sendMessage(kind wire.Kind, p []byte) error {
	t.mu.Lock()
	if t.broken || t.closed || len(p) >= directAt || !t.fits(len(p)) {
		t.mu.Unlock()
		return t.sendMessageSlow(kind, p)
	}
	t.reserve(len(p) + maxHeader)
	b, err := t.enc.AppendMessage(t.pending.B, kind, p)
	t.pending.B = b
	t.data = true
	if err != nil {
		t.dropEmpty()
		err = sendError(err)
	} else if !t.listed && !t.writing || len(b) >= flushAt {
		t.flushSoon()
	}
	if t.failing {
		t.unlockAndTell()
		return err
	}
	t.mu.Unlock()
	return err
}

//go:noinline
func (t *sender) sendMessageSlow(kind wire.Kind, p []byte) error {
	return t.send(wire.Event{Kind: kind, Data: p})
}

// send enqueues a whole message, or says why not.
//
//go:noinline
func (t *sender) send(ev wire.Event) error {
	t.mu.Lock()
	err := t.enqueue(ev)
	t.unlock()
	return sendError(err)
}

// sendPart enqueues the first part of a message or, if a message is unfinished,
// another one of it.
func (t *sender) sendPart(ev wire.Event) error {
	t.mu.Lock()
	ev.Cont = t.enc.Unfinished() != wire.None
	err := t.enqueue(ev)
	t.unlock()
	return sendError(err)
}

// sendError makes an ErrClosed of what the Encoder says behind the close frame.
func sendError(err error) error {
	if err == wire.ErrCloseSent {
		return ErrClosed
	}
	return err
}

// sendPing sends a ping that nobody has asked for.
func (t *sender) sendPing() error {
	t.mu.Lock()
	err := t.enqueueControl(wire.Event{Kind: wire.Ping})
	t.unlock()
	return err
}

// sendPong answers a ping. While the writer goroutine has something to write, only
// the pong for the latest ping is kept, for when that is done (RFC 6455, section
// 5.5.3): a peer that does not read what it asks for costs no more than one. It
// reports whether the pong is sent now.
func (t *sender) sendPong(payload []byte) bool {
	t.mu.Lock()
	if t.writing {
		x := t.makeExtras()
		if x.pong = append(x.pong[:0], payload...); x.pong == nil {
			x.pong = []byte{}
		}
		t.mu.Unlock()
		return false
	}
	err := t.enqueueControl(wire.Event{Kind: wire.Pong, Data: payload})
	t.unlock()
	return err == nil
}

// sendClose sends the close frame, or what stands for it in versions without one.
// With fin the connection is shut down behind it. Another close frame than the
// first is not sent. It returns an error if writing has failed.
func (t *sender) sendClose(ev wire.Event, fin bool) error {
	t.mu.Lock()
	if t.broken {
		t.closeOut = true
		return t.unlockQuietly()
	}
	t.fin, t.closed = t.fin || fin, true
	before := t.held()
	if err := t.append(ev); err == nil {
		t.closeLen = uint8(t.held() - before)
	} else if errors.Is(err, wire.ErrUnsupported) {
		t.fin = true
	}
	t.dropEmpty()
	t.flushSoon()
	return t.unlockQuietly()
}

// closeSent reports whether a close frame has been sent.
func (t *sender) closeSent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enc.CloseSent()
}

// buffered returns how many bytes wait to be given to the system, for
// [Socket.BufferedAmount].
func (t *sender) buffered() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held() - int(t.handed)
}

// held returns how many bytes wait to be written.
func (t *sender) held() int {
	n := t.inflight
	if t.pending != nil {
		n += len(t.pending.B)
	}
	return n
}

// fits reports whether n bytes more may wait. A message may always wait alone.
func (t *sender) fits(n int) bool {
	waiting := t.held()
	return waiting == 0 || t.limit == 0 || n <= t.limit-waiting
}

// admit says why a message of n bytes cannot be taken now, if it cannot.
func (t *sender) admit(n int) error {
	if !t.fits(n) {
		t.flushLocked(false) // what waits for nothing but the end of the turn
	}
	switch {
	case t.broken, t.closed:
		return ErrClosed
	case !t.fits(n):
		return ErrBufferFull
	}
	return nil
}

// enqueueControl enqueues what is sent without being asked for. That it is lost is
// no loss.
func (t *sender) enqueueControl(ev wire.Event) error {
	others := t.data
	err := t.enqueue(ev)
	t.data = t.data && others
	return err
}

func (t *sender) enqueue(ev wire.Event) error {
	if err := t.admit(len(ev.Data)); err != nil {
		return err
	}
	t.data = true
	if len(ev.Data) >= directAt && !ev.Cont && !ev.More && !t.writing && t.conn.CanTry() && t.extras().stream == nil {
		return t.sendDirect(ev)
	}
	if err := t.append(ev); err != nil {
		return err
	}
	t.flushSoon()
	return nil
}

// append appends the frames of ev to what is pending.
func (t *sender) append(ev wire.Event) error {
	t.reserve(len(ev.Data) + maxHeader)
	b, err := t.enc.Append(t.pending.B, ev)
	t.pending.B = b
	if err != nil {
		t.dropEmpty()
	}
	return err
}

// sendDirect writes what is pending, a header and then the payload from where
// it is. What does not go at once is copied.
func (t *sender) sendDirect(ev wire.Event) error {
	n := maxHeader
	if t.enc.Config().Role == wire.Client {
		n += len(ev.Data) // it is masked, and thereby copied
	}
	t.reserve(n)
	b, rest, err := t.enc.AppendHeader(t.pending.B, ev)
	if err != nil {
		t.dropEmpty()
		return err
	}
	t.pending.B = b
	head := t.pending
	t.pending = nil
	n, err = t.conn.TryWrite(head.B, rest)
	unsent := len(head.B) + len(rest) - n
	if unsent > 0 && err == nil {
		if n < len(head.B) {
			t.stash(head.B[n:])
		}
		t.stash(rest[max(n-len(head.B), 0):])
		t.runWriter(t.takeChunk(), 0)
	}
	buffers.Put(head)
	if err != nil {
		t.fail(err, unsent)
	}
	return nil
}

// flushSoon has what is pending written at the end of the turn, or now.
func (t *sender) flushSoon() {
	if t.writing {
		if t.pending != nil && len(t.pending.B) >= flushAt {
			t.stashPending()
		}
		return
	}
	if !t.listed {
		t.listed = t.owner.flushLater(t)
	}
	if !t.listed || t.pending != nil && len(t.pending.B) >= flushAt {
		t.flushLocked(false)
	}
}

// flush is called once for each time that flushLater has listed t. serving says that
// the caller serves the connection. The common case is here at its full length, for the
// sake of the stack; see ARCHITECTURE.md.
func (t *sender) flush(serving bool) {
	t.mu.Lock()
	t.listed = false
	if !serving || t.pending == nil || t.writing || t.broken || t.fin || t.extras().stream != nil {
		t.flushLocked(serving)
		t.unlock()
		return
	}
	b := t.pending
	t.pending = nil
	n, err := t.conn.TryWriteServing(b.B)
	t.afterWrite(b, n, err)
	t.unlock()
}

// flushNow writes what is pending, and leaves the Dispatcher's list as it is.
// It returns an error if writing has failed.
func (t *sender) flushNow() error {
	t.mu.Lock()
	t.flushLocked(false)
	return t.unlockQuietly()
}

// flushLocked writes what is pending, without waiting.
//
//go:noinline
func (t *sender) flushLocked(serving bool) {
	if t.writing {
		return
	}
	if t.pending == nil {
		t.shutdownIfDone()
		return
	}
	if t.conn == nil || t.broken {
		return // giveUp counts it
	}
	b, err := t.takePending()
	n := 0
	switch {
	case err != nil:
	case serving:
		n, err = t.conn.TryWriteServing(b.B)
	default:
		n, err = t.conn.TryWrite(b.B, nil)
	}
	t.afterWrite(b, n, err)
}

// takePending returns what is pending, to be written now.
func (t *sender) takePending() (*wire.Buffer, error) {
	b := t.pending
	t.pending = nil
	return t.encoded(b)
}

// encoded returns b as it is written: an extension below the frames encodes it.
func (t *sender) encoded(b *wire.Buffer) (*wire.Buffer, error) {
	x := t.extras()
	if x.stream == nil || b == nil {
		return b, nil
	}
	onlyClose := len(b.B) == int(t.closeLen)
	b, err := x.stream.encode(b)
	if onlyClose {
		t.closeLen = uint8(min(len(b.B), math.MaxUint8))
	}
	return b, err
}

// afterWrite is called when n bytes of b have been written.
//
//go:noinline
func (t *sender) afterWrite(b *wire.Buffer, n int, err error) {
	switch {
	case err != nil:
		unsent := len(b.B) - n
		buffers.Put(b)
		t.fail(err, unsent)
	case n < len(b.B):
		t.startWriter(b, n)
	default:
		buffers.Put(b)
		t.data = false
		t.shutdownIfDone()
	}
}

// reserve makes pending able to take n bytes more.
func (t *sender) reserve(n int) {
	if old := t.pending; old == nil || cap(old.B)-len(old.B) < n {
		t.reserveMore(n)
	}
}

//go:noinline
func (t *sender) reserveMore(n int) {
	if t.pending == nil {
		t.pending = buffers.Get(n)
		return
	}
	t.growPending(n)
}

//go:noinline
func (t *sender) growPending(n int) {
	old := t.pending
	if t.writing && len(old.B) > flushAt/2 && len(old.B)+n > flushAt {
		t.stashPending()
		t.pending = buffers.Get(n)
		return
	}
	t.pending = buffers.Get(max(min(4*len(old.B), flushAt), len(old.B)+n))
	t.pending.B = append(t.pending.B, old.B...)
	buffers.Put(old)
}

// dropEmpty gives back a buffer that has nothing in it.
func (t *sender) dropEmpty() {
	if t.pending != nil && len(t.pending.B) == 0 {
		t.discardPending()
	}
}

func (t *sender) discardPending() {
	if t.pending != nil {
		buffers.Put(t.pending)
		t.pending = nil
	}
}
