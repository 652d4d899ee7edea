package wire

import (
	"errors"
	"fmt"
	"iter"

	"github.com/airsocket/airsocket/wire/internal/text"
)

// A Decoder turns the bytes that an endpoint receives, in whatever pieces they
// arrive, into events. Call [Decoder.Init] before using it. It is not safe for
// concurrent use.
//
// [Reply] returns what an endpoint must send in answer to an event. After a Close
// or a Fail, the rest of the input is discarded.
type Decoder struct {
	cfg *Config
	in  []byte // fed but not consumed yet

	// What a whole short frame does not need. It is nil until another frame comes, because
	// most connections have short messages and wait for most of the time.
	*slowState

	text    text.State
	nheld   uint8 // bytes of an unfinished header
	stage   stage
	maskBit byte // the MASK bit that the peer must send, as in the second byte of a header (RFC 6455, section 5.2)
	kind    Kind // of the unfinished message, or None

	// The reserved bits that extensions claim, on the first frame of a message
	// and on the others.
	claims, claimsLater RSV

	eof       bool
	closeSent bool
	invalid   bool  // NextMessage has consumed a text that is not valid UTF-8
	fastLimit int32 // see fastPathLimit
}

// slowState is the part of a Decoder that the fast path does not need, except in the
// middle of a message, which the slow path has begun.
type slowState struct {
	frame frame
	size  uint64 // payload bytes of the message so far, as claimed by its headers

	msg   *Buffer // the message so far, unless it is all in the input
	own   *Buffer // the frame so far, if it is collected apart from the message
	spent *Buffer // the memory of the last event

	held       [maxHead]byte // an unfinished header
	rsv        RSV           // of the first frame of the message
	coded      bool          // a message extension has encoded the message
	frameCoded bool          // a frame extension has encoded the frame
	cont       bool          // a part of the message has been delivered
}

// A stage is a state of a Decoder. The package documentation has a diagram of them.
type stage uint8

const (
	inHeader  stage = iota // between frames, in a header, or between pieces of a delimited payload
	inPayload              // a header has been read, and its frame is not complete
	closed                 // a Close or Fail has been delivered
	ended                  // the End has been delivered
)

// Init prepares d for a new connection. It keeps cfg, which must not be changed
// while d is in use.
func (d *Decoder) Init(cfg *Config) {
	*d = Decoder{cfg: cfg}
	d.fastLimit = fastPathLimit(cfg, d.framing(), cfg.MaxFrame, cfg.MaxMessage)
	if cfg.Role == Server {
		d.maskBit = 0x80
	}
	for _, x := range cfg.Extensions {
		d.claims |= x.Claims()
		if _, ok := x.(FrameExtension); ok {
			d.claimsLater |= x.Claims()
		}
	}
}

// framing returns the framing of the connection's version. It is not kept, to save memory.
func (d *Decoder) framing() framing { return framingOf(d.cfg.Version) }

// Feed gives d the next bytes received. Until Next returns None, d owns p: it may
// change it, and the Data of events may point into it. Do not call Feed again
// until Next returns None, or bytes are lost.
func (d *Decoder) Feed(p []byte) { d.in = p }

// Unread returns the bytes that were fed and that no event has consumed, and takes them
// from d. It may be called between events. The caller may feed d with a copy of them later,
// and until then reuse the memory that it has fed.
func (d *Decoder) Unread() []byte {
	p := d.in
	d.in = nil
	return p
}

// Unfinished reports whether the beginning of a message has been decoded, or of a header,
// and not the end yet.
func (d *Decoder) Unfinished() bool { return d.kind != None || d.nheld > 0 }

// FeedEOF tells d that the byte stream has ended. closeSent reports whether this
// endpoint has sent a close, which peers of old drafts answer by ending the
// connection. Next then returns the remaining events and one End, whose Err is nil
// if the end was expected.
func (d *Decoder) FeedEOF(closeSent bool) { d.eof, d.closeSent = true, closeSent }

// Release returns all buffers to the Memory. The last event becomes invalid, and Next
// returns None from then on.
func (d *Decoder) Release() {
	d.drop()
	if d.slowState != nil {
		d.put(&d.spent)
	}
	d.stage = ended
}

// Collected returns how many bytes of memory hold what has arrived of an incomplete message
// or frame.
func (d *Decoder) Collected() (n int) {
	if d.slowState == nil {
		return 0
	}
	if d.msg != nil {
		n = cap(d.msg.B)
	}
	if d.own != nil {
		n += cap(d.own.B)
	}
	return n
}

// Events returns an iterator that calls Next until it returns None.
func (d *Decoder) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for ev := d.Next(); ev.Kind != None; ev = d.Next() {
			if !yield(ev) {
				return
			}
		}
	}
}

// Detach transfers the memory of the last event to the caller, so that the event
// stays valid until the caller returns it to the Memory. Detach returns nil if the
// event's Data points into the bytes that were fed: such an event stays valid until
// the caller reuses them.
func (d *Decoder) Detach() *Buffer {
	if d.slowState == nil {
		return nil
	}
	b := d.spent
	d.spent = nil
	return b
}

// Next returns the next event, or None if it needs more bytes. Once it has returned
// None, d no longer refers to the bytes that were fed. The previous event becomes
// invalid, unless its memory was detached.
func (d *Decoder) Next() (ev Event) {
	if d.slowState != nil && d.spent != nil {
		d.put(&d.spent)
	}
	ev.Kind, ev.Data = d.NextMessage()
	if d.invalid {
		d.invalid = false
		d.fail(&ev, ErrInvalidUTF8)
	}
	for ev.Kind == None && d.step(&ev) {
	}
	if ev.Kind == None {
		d.in = nil
		if d.eof && d.stage != ended {
			d.end(&ev)
		}
	}
	return ev
}

// step consumes the next header or piece of payload, and sets *ev if that completes
// an event. It returns false if it needs more input.
func (d *Decoder) step(ev *Event) bool {
	if d.slowState == nil {
		if len(d.in) == 0 {
			return false
		}
		if d.nextControl(ev) {
			return true
		}
		d.slowState = newSlowState()
	}
	if d.kind != None && !d.appendFragments() {
		d.fail(ev, ErrInvalidUTF8)
		return true
	}
	if d.stage == inHeader && len(d.in) > 0 {
		piece := d.frame.open
		n, err := d.header()
		if err == nil && n >= 0 {
			err = d.admit(piece)
		}
		if err != nil {
			d.fail(ev, err)
			return true
		}
		if n < 0 {
			return false
		}
		d.in = d.in[n:]
		d.stage = inPayload
	}
	if d.stage != inPayload {
		return false
	}
	var view []byte
	if d.canView() {
		view = d.viewPayload()
	} else if err := d.bufferPayload(); err != nil {
		d.fail(ev, err)
		return true
	}
	if d.frame.left > 0 {
		return false
	}
	d.stage = inHeader
	d.finish(ev, view)
	return true
}

// newSlowState is not inlined, to keep step's frame small.
//
//go:noinline
func newSlowState() *slowState { return new(slowState) }

// header parses a header into d.frame and returns how many bytes of d.in belong
// to it, or short.
func (d *Decoder) header() (int, *ProtocolError) {
	if d.nheld > 0 {
		return d.heldHeader()
	}
	n, err := d.framing().parseHeader(d.in, d.cfg.Role, &d.frame)
	if n < 0 {
		d.nheld = uint8(copy(d.held[:], d.in))
	}
	return n, err
}

// heldHeader parses a header whose first bytes are in d.held.
func (d *Decoder) heldHeader() (int, *ProtocolError) {
	before := int(d.nheld)
	all := d.held[:before+copy(d.held[before:], d.in)]
	n, err := d.framing().parseHeader(all, d.cfg.Role, &d.frame)
	if n < 0 {
		d.nheld = uint8(len(all))
		return n, err
	}
	d.nheld = 0
	return n - before, err
}

// fail sets *ev to the Fail for err. Only End can follow it. It is not inlined so
// that the methods that every message goes through need less stack.
//
//go:noinline
func (d *Decoder) fail(ev *Event, err error) {
	d.drop()
	d.stage = closed
	rule, ok := errors.AsType[*ProtocolError](err)
	if !ok {
		rule, err = ErrExtensionData, fmt.Errorf("%w: %w", ErrExtensionData, err)
	}
	*ev = Event{Kind: Fail, Code: rule.Code, Err: err}
}

func (d *Decoder) end(ev *Event) {
	between := d.stage == inHeader && d.nheld == 0 && d.kind == None && (d.slowState == nil || !d.frame.open)
	clean := d.stage == closed || d.framing().endsCleanly(between, d.closeSent)
	d.drop()
	d.stage = ended
	*ev = Event{Kind: End, Code: StatusNoStatusReceived}
	if !clean {
		ev.Code, ev.Err = StatusAbnormalClosure, ErrUnexpectedEnd
	}
}

// drop discards the input and the unfinished frame and message.
func (d *Decoder) drop() {
	d.in = nil
	if d.slowState != nil {
		d.put(&d.msg)
		d.put(&d.own)
	}
}
