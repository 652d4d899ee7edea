package wire

import (
	"errors"
	"fmt"
	"iter"

	"github.com/airsocket/airsocket/wire/internal/text"
)

// A Decoder turns the bytes that an endpoint receives, in whatever pieces they
// come, into events. The zero value with [Decoder.Init] is ready. It is not
// safe for concurrent use.
//
// Everything that is owed to the peer for an event is what [Reply] says. After
// a Close or Fail the rest of the input is dropped.
type Decoder struct {
	cfg     *Config
	framing framing
	in      []byte // fed and not used yet
	frame   frame
	size    uint64 // payload bytes of the message so far, as headers announce them

	msg   *Buffer // the message so far, unless it is all in the input
	own   *Buffer // the frame so far, if it is not simply a part of the message
	spent *Buffer // what the last event is a view of

	text    text.State
	held    [maxHead]byte // an unfinished header
	nheld   uint8
	stage   stage
	maskBit byte // of the second byte of a frame as RFC 6455 has it
	kind    Kind // of the message that has begun, or None
	rsv     RSV  // of its first frame

	// Which reserved bits extensions claim, for the first frame of a message
	// and for the others.
	claims, claimsLater RSV

	coded      bool // a message extension works on the message
	frameCoded bool // a frame extension works on the frame
	cont       bool // a part of the message has been delivered
	eof        bool
	closeSent  bool
	invalid    bool  // a text that NextMessage has taken is
	quick      int32 // see quickLimit
}

// stage is where in the input a Decoder is. See the drawing in the package's
// documentation.
type stage uint8

const (
	inHeader  stage = iota // or between frames, or between pieces of a delimited payload
	inPayload              // a header has been read, its frame is not done
	closed                 // a Close or Fail has been delivered
	ended                  // the End has been delivered
)

// Init makes d ready for a new connection. cfg is kept and must not be changed
// while d is in use.
func (d *Decoder) Init(cfg *Config) {
	*d = Decoder{cfg: cfg, framing: framingOf(cfg.Version)}
	d.quick = quickLimit(cfg, d.framing, cfg.MaxFrame, cfg.MaxMessage)
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

// Feed lends p, the next bytes received, until Next has returned None: the
// Decoder may change it, and events are views of it. What was fed before must
// be used up: Feed before Next has returned None loses bytes.
func (d *Decoder) Feed(p []byte) { d.in = p }

// FeedEOF says that the byte stream has ended. closeSent is whether this
// endpoint has sent a close, which the peers of old drafts answer by ending
// the connection. Next returns what is left and then one End, whose Err is nil
// if the end was to be expected.
func (d *Decoder) FeedEOF(closeSent bool) { d.eof, d.closeSent = true, closeSent }

// Release gives the borrowed buffers back. The last event is not valid any
// more, and Next returns None from now on.
func (d *Decoder) Release() {
	d.drop()
	d.put(&d.spent)
	d.stage = ended
}

// Events yields what Next returns up to None.
func (d *Decoder) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for ev := d.Next(); ev.Kind != None; ev = d.Next() {
			if !yield(ev) {
				return
			}
		}
	}
}

// Detach hands over the memory of the last event, or nil if that is a view of what
// was fed. The event stays valid until the caller gives the memory back.
func (d *Decoder) Detach() *Buffer {
	b := d.spent
	d.spent = nil
	return b
}

// Next returns the next event, or None if that takes more bytes; nothing of
// what was fed is referred to any more then. The event before it becomes invalid,
// unless its memory was detached.
func (d *Decoder) Next() (ev Event) {
	if d.spent != nil {
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

// step takes the next header or piece of payload from the input and sets *ev
// if that completes one. It returns false if the input is used up.
func (d *Decoder) step(ev *Event) bool {
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
	view, err := d.payload()
	if err != nil {
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

// header reads a header into d.frame and returns how many bytes of d.in belong
// to it, or short.
func (d *Decoder) header() (int, *ProtocolError) {
	if d.nheld > 0 {
		return d.heldHeader()
	}
	n, err := d.framing.next(d.in, d.cfg.Role, &d.frame)
	if n < 0 {
		d.nheld = uint8(copy(d.held[:], d.in))
	}
	return n, err
}

// heldHeader is header with the first bytes in d.held.
func (d *Decoder) heldHeader() (int, *ProtocolError) {
	before := int(d.nheld)
	all := d.held[:before+copy(d.held[before:], d.in)]
	n, err := d.framing.next(all, d.cfg.Role, &d.frame)
	if n < 0 {
		d.nheld = uint8(len(all))
		return n, err
	}
	d.nheld = 0
	return n - before, err
}

// fail sets *ev to the event of a broken rule, the last but End.
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
	between := d.stage == inHeader && d.nheld == 0 && d.kind == None && !d.frame.open
	clean := d.stage == closed || d.framing.endsCleanly(between, d.closeSent)
	d.drop()
	d.stage = ended
	*ev = Event{Kind: End, Code: StatusNoStatusReceived}
	if !clean {
		ev.Code, ev.Err = StatusAbnormalClosure, ErrUnexpectedEnd
	}
}

// drop forgets the input and what is unfinished.
func (d *Decoder) drop() {
	d.in = nil
	d.put(&d.msg)
	d.put(&d.own)
}
