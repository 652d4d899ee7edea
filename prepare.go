package airsocket

import (
	"sync"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A Prepared is a message for many sockets: it is made into frames, and
// compressed, once for all that speak alike, rather than once for each. It may
// be used by several goroutines.
type Prepared struct {
	kind wire.Kind
	data []byte

	mu    sync.Mutex
	forms []form
}

// form is the message as one kind of socket sends it.
type form struct {
	version  wire.Version
	fragment int
	role     wire.Role
	key      any // of the extension's session; nil without one

	rsv   wire.RSV
	bytes []byte // the frames, on a server; a client's are masked anew, so only the payload
}

// maxForms is the number of forms that a Prepared keeps.
const maxForms = 32

// Prepare makes a message of the kind wire.Text or wire.Binary ready to be sent
// to many sockets with [Socket.SendPrepared]. It copies data. Another kind is an
// [ErrArgument], and text that is not UTF-8 a wire.ErrBadText.
func Prepare(kind wire.Kind, data []byte) (*Prepared, error) {
	if kind != wire.Text && kind != wire.Binary {
		return nil, ErrArgument
	}
	if kind == wire.Text && !utf8.Valid(data) {
		return nil, wire.ErrBadText
	}
	return &Prepared{kind: kind, data: append([]byte(nil), data...)}, nil
}

// SendPrepared sends p like Send and SendBytes do.
func (s *Socket) SendPrepared(p *Prepared) error {
	queued, err := s.takePrepared(p)
	if err == nil && !queued {
		s.noteSent(p.kind, len(p.data))
	}
	return err
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
	if session != nil {
		session.Prepared(p.data, f.rsv)
	}
	s.flushSoon()
	return nil
}

func (s *Socket) appendForm(p *Prepared, f *form) error {
	s.room(len(f.bytes) + maxHeader)
	if s.role == wire.Server {
		s.out.pending.B = append(s.out.pending.B, f.bytes...)
		return nil
	}
	b, err := s.out.enc.AppendEncoded(s.out.pending.B, wire.Event{Kind: p.kind, Data: f.bytes}, f.rsv)
	s.out.pending.B = b
	s.dropEmpty()
	return err
}

// form completes f, from those that are there or by making it.
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
	payload := p.data
	if session != nil {
		var err error
		if payload, f.rsv, err = session.PrepareMessage(nil, p.kind, p.data); err != nil {
			return err
		}
	}
	f.bytes = payload
	if f.role == wire.Server {
		var enc wire.Encoder
		enc.Init(&wire.Config{Version: f.version, Role: f.role, FragmentSize: f.fragment})
		var err error
		if f.bytes, err = enc.AppendEncoded(nil, wire.Event{Kind: p.kind, Data: payload}, f.rsv); err != nil {
			return err
		}
	}
	if len(p.forms) < maxForms {
		p.forms = append(p.forms, *f)
	}
	return nil
}
