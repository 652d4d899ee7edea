package airsocket

import (
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A Prepared is a message for many sockets. It is framed, and compressed, once for
// all sockets that speak alike, rather than once for each. It may be used by several
// goroutines at the same time.
type Prepared struct {
	kind wire.Kind
	data []byte

	plain atomic.Pointer[plainForm] // one of the forms, or nil

	mu    sync.Mutex
	forms []form
}

// plainForm holds the frames for servers' sockets that share a Config.
type plainForm struct {
	cfg    *wire.Config
	frames *wire.Buffer
}

// form is the message as one kind of socket sends it.
type form struct {
	version  wire.Version
	fragment int
	role     wire.Role
	key      any // of the extension's session; nil without one

	rsv     wire.RSV
	payload []byte
	frames  *wire.Buffer // on a server; a client's frames are masked anew
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
	if s.sendPlain(p.plain.Load()) {
		return nil
	}
	queued, err := s.takePrepared(p)
	if err == nil && !queued {
		s.noteSent(p.kind, len(p.data))
	}
	return calledBy("SendPrepared", err)
}

// sendPlain sends f to a Socket that has nothing else to send, and reports
// whether it could. It is the common case of a broadcast.
func (s *Socket) sendPlain(f *plainForm) bool {
	s.out.Lock()
	good := f != nil && f.cfg == s.cfg && s.ReadyState() == Open && s.set.plain &&
		s.out.pending == nil && !s.out.writing && !s.out.broken && s.out.enc.Unfinished() == wire.None
	if good {
		s.out.pending, s.out.data = f.frames, true
		s.flushSoon()
	}
	s.out.Unlock()
	return good
}

// takePrepared is take for p.
func (s *Socket) takePrepared(p *Prepared) (queued bool, err error) {
	s.out.Lock()
	defer s.out.Unlock()
	if s.ReadyState() != Open {
		return true, s.notOpenLocked(wire.Event{Kind: p.kind, Data: p.data})
	}
	return false, s.sendPreparedLocked(p)
}

func (s *Socket) sendPreparedLocked(p *Prepared) error {
	if s.out.enc.Unfinished() != wire.None {
		return wire.ErrPartOrder
	}
	ev := wire.Event{Kind: p.kind, Data: p.data}
	f := form{version: s.cfg.Version, fragment: s.cfg.FragmentSize, role: s.role}
	var session extensions.Preparer
	switch exts := s.cfg.Extensions; {
	case len(exts) == 1:
		var ok bool
		if session, ok = exts[0].(extensions.Preparer); !ok {
			return s.sendLocked(ev)
		}
		if _, both := session.(wire.FrameExtension); both {
			return s.sendLocked(ev)
		}
		f.key = session.PrepareKey()
	case len(exts) > 1:
		return s.sendLocked(ev)
	}
	if err := s.admitLocked(len(p.data)); err != nil {
		return err
	}
	if err := p.form(&f, session); err != nil {
		return err
	}
	if err := s.appendForm(p, &f); err != nil {
		return err
	}
	s.out.data = true
	switch {
	case session != nil:
		session.Prepared(p.data, f.rsv)
	case f.frames != nil && p.plain.Load() == nil:
		p.plain.Store(&plainForm{s.cfg, f.frames})
	}
	s.flushSoon()
	return nil
}

func (s *Socket) appendForm(p *Prepared, f *form) error {
	if f.frames == nil {
		s.room(len(f.payload) + maxHeader)
		b, err := s.out.enc.AppendEncoded(s.out.pending.B, wire.Event{Kind: p.kind, Data: f.payload}, f.rsv)
		s.out.pending.B = b
		s.dropEmpty()
		return err
	}
	if s.out.pending == nil {
		s.out.pending = f.frames // until something else has to go behind it
		return nil
	}
	s.room(len(f.frames.B))
	s.out.pending.B = append(s.out.pending.B, f.frames.B...)
	return nil
}

// form completes f from a form that p keeps already, or makes a new one.
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
