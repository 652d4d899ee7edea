package airsocket

import (
	"errors"
	"math"
	"net"
	"sync"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// A sender is the sending half of a connection. Messages become frames in pending, and
// are written at the end of the turn, or at once outside of turns. What the system does
// not take without waiting is left to a writer, which ends when everything
// has been written.
//
// A sender does not know its Socket. It returns the errors of a call, and tells its
// owner when writing has failed.
type sender struct {
	owner senderOwner // does not change
	limit int         // bytes that may wait to be sent; 0 means no limit; does not change

	// The fields that most messages need come first.
	mu       sync.Mutex // guards what follows
	enc      wire.Encoder
	pending  *wire.Buffer // frames of which nothing has been written yet
	next     *sender      // in the Dispatcher's list of unflushed senders
	extra    *senderExtra // nil until it is needed
	inflight int          // bytes that are left to the writer
	handed   uint16       // of inflight, inside a Write on a connection that is not raw
	number   uint16       // counts the connections that there have been
	spare    uint16       // KiB of the buffer that the writer writes, besides what is left of it
	closeLen uint8        // length of the close frame, which nothing follows
	listed   bool         // in the Dispatcher's list
	writing  bool         // there is a writer
	fin      bool         // end the sending direction when all is written
	data     bool         // what waits is not only automatic pings and pongs
	broken   bool         // nothing can be sent: not open yet, failed, or ended
	failing  bool         // the owner must still be told that writing has failed
	awaited  bool         // the connection is woken when the writer ends
	closed   bool         // a close frame has been sent, or what replaces it
	closeOut bool         // the close frame could not be written

	conn transport.Conn // nothing before there is one
}

// A senderOwner is what a sender knows of its Socket. The sender's lock is held during
// calls of flushLater, turn, writes, waits and pongWaits, and not during calls of the other
// methods.
type senderOwner interface {
	flushLater(*sender) bool   // flush at the end of the turn; false outside of turns
	turn() uint64              // the number of the turn that runs; 0 outside of turns
	writes()                   // a writer has begun, or the system has taken some of what it writes
	writeFailed(uint16, error) // writing to the connection of this number has failed
	drained()                  // all has been written, after it could not be at once
	sentLater(wire.Kind, int)  // a message of this length, which had to wait, is sent
	waits(int)                 // so many bytes wait for the writer
	pongWaits(bool)            // too many pings have come while a pong waits, or it is sent now
}

// A senderExtra holds what a sender needs only while the system does not take
// everything that is sent, after a failure, or with an extension below the frames.
type senderExtra struct {
	stream   *outflow       // the extension below the frames; nil without one
	payloads *payloads      // nil unless the rules say that payloads are counted
	chunks   []*wire.Buffer // for the writer, to be written before pending
	pong     []byte         // payload of the pong for the latest ping; nil if none is owed
	owed     int            // pings that have come since the last pong could be sent
	lost     int            // bytes of accepted messages that could not be written
	cause    error          // why writing has failed
}

var noSenderExtra senderExtra

// extras returns t.extra for reading.
func (t *sender) extras() *senderExtra {
	if t.extra != nil {
		return t.extra
	}
	return &noSenderExtra
}

// makeExtras returns t.extra for writing.
func (t *sender) makeExtras() *senderExtra {
	if t.extra == nil {
		t.extra = new(senderExtra)
	}
	return t.extra
}

// flushAt is the number of pending bytes from which they are written before the turn
// ends.
const flushAt = 64 << 10

// directAt is the length from which a payload is written without copying it to pending.
const directAt = 32 << 10

// maxControl is the longest payload of a control frame (RFC 6455, section 5.5).
const maxControl = 125

// maxHeader is the length of the longest frame header (RFC 6455, section 5.2).
const maxHeader = 14

// reset prepares t for another connection. A writer of the previous
// connection no longer has any effect.
func (t *sender) reset() {
	t.mu.Lock()
	t.number++
	t.discardPending()
	t.conn.Clear()
	t.extra = nil
	t.enc = wire.Encoder{}
	t.inflight, t.handed, t.spare, t.closeLen = 0, 0, 0, 0
	t.writing, t.fin, t.data, t.failing, t.awaited, t.closed, t.closeOut = false, false, false, false, false, false, false
	t.broken = true // until begin
	t.mu.Unlock()
}

// attach makes conn the connection.
func (t *sender) attach(conn net.Conn) {
	t.mu.Lock()
	t.conn.Init(conn)
	t.mu.Unlock()
}

// adopt has workers serve the connection, if they can. Nothing may have been sent yet.
func (t *sender) adopt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.conn.IsClosed() && !t.conn.HasWorkers() {
		t.conn.Init(transport.Adopt(t.conn.NetConn()))
	}
}

// connection returns the connection, or nil before there is one.
func (t *sender) connection() net.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn.NetConn()
}

// config returns the configuration of the connection, or nil if it has never been open.
func (t *sender) config() *wire.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enc.Config()
}

// begin allows sending, through stream if it is not nil. What is unsent of the handshake
// goes out first, and then the messages in queue, before all others. begin returns those
// that were accepted, and an error if writing has failed.
func (t *sender) begin(cfg *wire.Config, stream extensions.Stream, unsent []byte, queue []wire.Event) (sent []wire.Event, err error) {
	t.mu.Lock()
	t.broken = false
	t.enc.Init(cfg)
	if len(unsent) > 0 {
		t.noteAppended(&wire.Event{}, len(unsent))
		t.startWriter(&wire.Buffer{B: unsent}, 0)
	}
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

// unlock unlocks t.mu and, if writing has failed, tells the owner.
func (t *sender) unlock() {
	if t.failing {
		t.unlockAndTell()
		return
	}
	t.mu.Unlock()
}

// unlockAndTell is the part of unlock that is seldom needed.
//
//go:noinline
func (t *sender) unlockAndTell() {
	t.failing = false
	number, cause := t.number, t.extra.cause
	t.mu.Unlock()
	t.owner.writeFailed(number, cause)
}

// unlockQuietly is unlock for calls by the owner. It returns the failure instead.
func (t *sender) unlockQuietly() (failed error) {
	if t.failing {
		failed, t.failing = t.extra.cause, false
	}
	t.mu.Unlock()
	return failed
}

// sendMessage enqueues a text or binary message. The common case is written out here,
// without calls, to need little stack; see ARCHITECTURE.md.
func (t *sender) sendMessage(kind wire.Kind, p []byte) error {
	t.mu.Lock()
	if t.broken || t.closed || len(p) >= directAt || !t.fits(len(p)) {
		t.mu.Unlock()
		return t.sendMessageSlow(kind, p)
	}
	t.reserve(len(p) + maxHeader)
	b, err := t.enc.AppendMessage(t.pending.B, kind, p)
	t.pending.B = b
	t.data = t.data || err == nil
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

// sendMessageSlow is sendMessage for all other cases. It keeps the event out of the
// frame of sendMessage.
//
//go:noinline
func (t *sender) sendMessageSlow(kind wire.Kind, p []byte) error {
	return t.send(wire.Event{Kind: kind, Data: p})
}

// send enqueues a whole message, or returns why it cannot.
//
//go:noinline
func (t *sender) send(ev wire.Event) error {
	t.mu.Lock()
	err := t.enqueue(ev)
	t.unlock()
	return sendError(err)
}

// sendPart enqueues the first part of a message or, if a message is unfinished, its
// next part.
func (t *sender) sendPart(ev wire.Event) error {
	t.mu.Lock()
	ev.Cont = t.enc.Unfinished() != wire.None
	err := wire.ErrUnsupported
	if !ev.Unencoded || t.extras().stream == nil {
		err = t.enqueue(ev)
	}
	t.unlock()
	return sendError(err)
}

// sendError replaces the Encoder's error for a message after the close frame by
// ErrClosed.
func sendError(err error) error {
	if err == wire.ErrCloseSent {
		return ErrClosed
	}
	return err
}

// sendPing sends an automatic ping. It does not wait for the end of a turn, which may last
// longer than the peer may take to answer.
func (t *sender) sendPing() error {
	t.mu.Lock()
	err := t.enqueueControl(wire.Event{Kind: wire.Ping})
	t.flushLocked(false)
	t.unlock()
	return err
}

// mostOwed is how many pings may come while no pong can be sent, until the owner is told.
const mostOwed = 1000

// sendPong answers a ping. While the writer is writing, only the pong for the
// latest ping is kept until later (RFC 6455, section 5.5.3), so that a peer that does
// not read what it asks for costs no more memory than one pong, and the owner is told when
// there are many such pings. sendPong reports whether the pong is sent now.
func (t *sender) sendPong(payload []byte) bool {
	t.mu.Lock()
	if t.writing {
		x := t.makeExtras()
		if x.pong = append(x.pong[:0], payload...); x.pong == nil {
			x.pong = []byte{}
		}
		if x.owed++; x.owed == mostOwed {
			t.owner.pongWaits(true)
		}
		t.mu.Unlock()
		return false
	}
	err := t.enqueueControl(wire.Event{Kind: wire.Pong, Data: payload})
	t.unlock()
	return err == nil
}

// sendClose sends the close frame, or what replaces it in versions without one. If fin
// is true the sending direction is ended after it. Only the first close frame is sent.
// sendClose returns an error if writing has failed.
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

// held returns how many bytes are waiting to be written.
func (t *sender) held() int {
	n := t.inflight
	if t.pending != nil {
		n += len(t.pending.B)
	}
	return n
}

// fits reports whether n more bytes may wait to be written. If nothing is waiting, any
// number may.
func (t *sender) fits(n int) bool {
	waiting := t.held()
	return waiting == 0 || t.limit == 0 || n <= t.limit-waiting
}

// admit returns an error if a message of n bytes cannot be accepted now.
func (t *sender) admit(n int) error {
	t.notePayloads()
	if !t.fits(n) {
		t.flushLocked(false) // some of it may only be waiting for the end of the turn
	}
	switch {
	case t.broken, t.closed:
		return ErrClosed
	case !t.fits(n):
		return ErrBufferFull
	}
	return nil
}

// enqueueControl enqueues an automatic ping or pong, which does not count as unsent if
// it is lost.
func (t *sender) enqueueControl(ev wire.Event) error {
	others := t.data
	err := t.enqueue(ev)
	t.data = t.data && others
	return err
}

// enqueue enqueues ev, or writes it at once if it is long.
func (t *sender) enqueue(ev wire.Event) error {
	if err := t.admit(len(ev.Data)); err != nil {
		return err
	}
	if len(ev.Data) >= directAt && !ev.Cont && !ev.More && !t.writing && t.conn.CanTry() && t.extras().stream == nil {
		return t.sendDirect(ev)
	}
	if err := t.append(ev); err != nil {
		return err
	}
	t.data = true
	t.flushSoon()
	return nil
}

// append appends the frames of ev to what is pending.
func (t *sender) append(ev wire.Event) error {
	t.reserve(len(ev.Data) + maxHeader)
	before := len(t.pending.B)
	b, err := t.enc.Append(t.pending.B, ev)
	t.pending.B = b
	if err != nil {
		t.dropEmpty()
		return err
	}
	t.noteAppended(&ev, len(b)-before)
	return nil
}

// sendDirect writes what is pending, a header, and the payload without copying it
// first. What the system does not take at once is copied for the writer.
func (t *sender) sendDirect(ev wire.Event) error {
	n := maxHeader
	if t.enc.Config().Role == wire.Client {
		n += len(ev.Data) // masking copies it
	}
	t.reserve(n)
	before := len(t.pending.B)
	b, rest, err := t.enc.AppendHeader(t.pending.B, ev)
	if err != nil {
		t.dropEmpty()
		return err
	}
	t.noteAppended(&ev, len(b)-before+len(rest))
	t.data = true
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

// flushSoon arranges that what is pending is written: at the end of the turn, or now if
// there is no turn or much is pending.
func (t *sender) flushSoon() {
	if t.writing {
		if t.pending != nil && len(t.pending.B) >= flushAt {
			t.stashPending()
			t.recount()
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
// the caller serves the connection. The common case is written out here to need little
// stack; see ARCHITECTURE.md.
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

// flushNow writes what is pending, and does not remove t from the Dispatcher's list. It
// returns an error if writing has failed.
func (t *sender) flushNow() error {
	t.mu.Lock()
	t.flushLocked(false)
	return t.unlockQuietly()
}

// flushLocked writes what is pending as far as the system takes it. The rest is left to
// the writer.
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
	if !t.conn.IsSet() || t.broken {
		return // giveUp counts what is pending
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

// takePending returns the pending frames, as they are written now.
func (t *sender) takePending() (*wire.Buffer, error) {
	b := t.pending
	t.pending = nil
	return t.encoded(b)
}

// encoded returns b as it is written: encoded by the extension below the frames, if there
// is one.
func (t *sender) encoded(b *wire.Buffer) (*wire.Buffer, error) {
	x := t.extras()
	if x.stream == nil || b == nil {
		return b, nil
	}
	plain := len(b.B)
	onlyClose := plain == int(t.closeLen)
	b, err := x.stream.encode(b)
	if err == nil {
		t.noteRecoded(plain, len(b.B))
	}
	if onlyClose {
		t.closeLen = uint8(min(len(b.B), math.MaxUint8))
	}
	return b, err
}

// afterWrite is called after a write of b, of which n bytes were written.
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

// reserve makes room for n more bytes in pending.
func (t *sender) reserve(n int) {
	if old := t.pending; old == nil || cap(old.B)-len(old.B) < n {
		t.reserveMore(n)
	}
}

// reserveMore is reserve if there is not enough room.
//
//go:noinline
func (t *sender) reserveMore(n int) {
	if t.pending == nil {
		t.pending = buffers.Get(n)
	} else {
		t.growPending(n)
	}
	if t.writing {
		t.recount()
	}
}

// growPending is reserveMore if something is pending.
//
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

// dropEmpty releases pending if it is empty.
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
