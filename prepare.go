package airsocket

import (
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A Prepared is a message for many sockets. It is framed, and compressed, only once for
// all sockets with the same version, role, fragment size and compression, rather than
// once for each socket. It may be used by several goroutines at the same time.
type Prepared struct {
	kind wire.Kind
	data []byte

	plain atomic.Pointer[plainForm] // one of the forms, or nil

	mu    sync.Mutex
	forms []form
}

// A plainForm holds the frames for the server's sockets that share a Config.
type plainForm struct {
	cfg    *wire.Config
	frames *wire.Buffer
}

// A form is the message as one kind of socket sends it.
type form struct {
	version  wire.Version
	fragment int
	role     wire.Role
	key      any // of the extension's session; nil without an extension

	rsv     wire.RSV
	payload []byte
	frames  *wire.Buffer // for servers; clients mask each copy with new keys
}

// maxForms is the number of forms that a Prepared keeps.
const maxForms = 32

// Prepare prepares a message of the kind wire.Text or wire.Binary for sending it to
// many sockets with [Socket.SendPrepared]. It copies data. Prepare returns
// [ErrArgument] for other kinds, and wire.ErrBadText for text that is not valid
// UTF-8.
func Prepare(kind wire.Kind, data []byte) (*Prepared, error) {
	if kind != wire.Text && kind != wire.Binary {
		return nil, ErrArgument
	}
	if kind == wire.Text && !utf8.Valid(data) {
		return nil, wire.ErrBadText
	}
	return &Prepared{kind: kind, data: append([]byte(nil), data...)}, nil
}

// SendPrepared sends p, like Send or SendBytes, and returns their errors.
func (s *Socket) SendPrepared(p *Prepared) error {
	if err := s.sendPrepared(p); err != nil {
		return s.opts.Rules.sent(s, len(p.data), err)
	}
	return nil
}

func (s *Socket) sendPrepared(p *Prepared) error {
	if s.ReadyState() != StateOpen {
		if open, err := s.sendEarly(wire.Event{Kind: p.kind, Data: p.data}); !open {
			return calledBy("SendPrepared", err)
		}
	}
	if s.opts.messagesOnly && s.sender.sendFrames(p.plain.Load()) {
		return nil
	}
	err := s.sender.sendPrepared(p)
	if err == nil {
		s.opts.Hooks.sent(s, p.kind, len(p.data))
	}
	return err
}

// sendFrames sends f if it fits the connection and nothing else is pending, and reports
// whether it did. This is the common case of a broadcast.
func (t *sender) sendFrames(f *plainForm) bool {
	t.mu.Lock()
	good := f != nil && f.cfg == t.enc.Config() && t.pending == nil && !t.writing && !t.broken &&
		!t.closed && t.enc.Unfinished() == wire.None
	if good {
		t.pending, t.data = f.frames, true
		t.flushSoon()
	}
	t.unlock()
	return good
}

// sendPrepared enqueues p, or returns why it cannot.
func (t *sender) sendPrepared(p *Prepared) error {
	t.mu.Lock()
	err := t.enqueuePrepared(p)
	t.unlock()
	return sendError(err)
}

// enqueuePrepared is sendPrepared with t.mu held.
func (t *sender) enqueuePrepared(p *Prepared) error {
	switch {
	case t.broken, t.closed:
		return ErrClosed
	case t.enc.Unfinished() != wire.None:
		return wire.ErrPartOrder
	}
	ev := wire.Event{Kind: p.kind, Data: p.data}
	cfg := t.enc.Config()
	f := form{version: cfg.Version, fragment: cfg.FragmentSize, role: cfg.Role}
	var session extensions.Preparer
	switch exts := cfg.Extensions; {
	case len(exts) == 1:
		var ok bool
		if session, ok = exts[0].(extensions.Preparer); !ok {
			return t.enqueue(ev)
		}
		if _, both := session.(wire.FrameExtension); both {
			return t.enqueue(ev)
		}
		f.key = session.PrepareKey()
	case len(exts) > 1:
		return t.enqueue(ev)
	}
	if err := t.admit(len(p.data)); err != nil {
		return err
	}
	if err := p.form(&f, session); err != nil {
		return err
	}
	before := t.held()
	if err := t.enqueueForm(p, &f); err != nil {
		return err
	}
	t.noteAppended(&ev, t.held()-before)
	t.data = true
	switch {
	case session != nil:
		session.Prepared(p.data, f.rsv)
	case f.frames != nil && p.plain.Load() == nil:
		p.plain.Store(&plainForm{cfg, f.frames})
	}
	t.flushSoon()
	return nil
}

// enqueueForm enqueues the frames of f or, on a client, encodes them.
func (t *sender) enqueueForm(p *Prepared, f *form) error {
	if f.frames == nil {
		t.reserve(len(f.payload) + maxHeader)
		b, err := t.enc.AppendEncoded(t.pending.B, wire.Event{Kind: p.kind, Data: f.payload}, f.rsv)
		t.pending.B = b
		t.dropEmpty()
		return err
	}
	if t.pending == nil {
		t.pending = f.frames // shared until something else is appended
		if t.writing {
			t.recount()
		}
		return nil
	}
	t.reserve(len(f.frames.B))
	t.pending.B = append(t.pending.B, f.frames.B...)
	return nil
}

// form completes f from a form that p already has, or by encoding the message.
func (p *Prepared) form(f *form, session extensions.Preparer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.forms {
		have := &p.forms[i]
		if have.version == f.version && have.role == f.role && have.fragment == f.fragment && have.key == f.key {
			*f = *have
			return nil
		}
	}
	f.payload = p.data
	if session != nil {
		var err error
		if f.payload, f.rsv, err = session.PrepareMessage(nil, p.kind, p.data); err != nil {
			return err
		}
	}
	if f.role == wire.Server {
		var enc wire.Encoder
		enc.Init(&wire.Config{Version: f.version, Role: f.role, FragmentSize: f.fragment})
		frames, err := enc.AppendEncoded(nil, wire.Event{Kind: p.kind, Data: f.payload}, f.rsv)
		if err != nil {
			return err
		}
		f.frames = &wire.Buffer{B: slices.Clip(frames), Shared: true}
	}
	if len(p.forms) < maxForms {
		p.forms = append(p.forms, *f)
	}
	return nil
}
