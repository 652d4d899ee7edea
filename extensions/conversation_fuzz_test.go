package extensions_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A step is something that an endpoint sends.
type step struct {
	ev   wire.Event
	part bool // with SendPart, as a whole it is one part
}

// stepsOf reads a script: a byte for the kind, one for the length, one for how often the
// payload is repeated, and the payload.
func stepsOf(script []byte) (steps []step) {
	for total := 0; len(script) >= 3 && len(steps) < 50 && total < 1<<16; {
		how, n, times := script[0], min(int(script[1]), len(script)-3), 1+int(script[2]>>2)
		p := bytes.Repeat(script[3:3+n], times)
		script, total = script[3+n:], total+len(p)
		s := step{part: how&8 != 0}
		s.ev = wire.Event{Kind: []wire.Kind{wire.Text, wire.Binary, wire.Ping, wire.Pong, wire.Text, wire.Binary, wire.Text, wire.Binary}[how&7], Data: p}
		switch {
		case s.ev.Kind > wire.Close:
			s.ev.Data, s.part = p[:min(len(p), 125)], false
		case s.ev.Kind == wire.Text:
			for i := range p {
				p[i] &= 0x7f
			}
		}
		if s.ev.Kind < wire.Close {
			s.ev.Unencoded = how&16 != 0
			s.ev.More = s.part && how&32 != 0
		}
		steps = append(steps, s)
	}
	return steps
}

// An exchange is an Encoder and a Decoder with the extensions that their ends have
// negotiated.
type exchange struct {
	enc    wire.Encoder
	dec    wire.Decoder
	to, at extensions.Stream // below the frames, or nil
}

func newExchange(t *testing.T, settings, how uint16, p extensions.PermessageDeflate) *exchange {
	list := []extensions.Extension{p}
	switch how & 3 {
	case 0:
		list = nil
	case 1:
		list = append(list, extensions.DeflateStream{WindowBits: int(settings >> 12)})
	case 2:
		list = []extensions.Extension{extensions.DeflateStream{WindowBits: int(settings >> 12)}}
	}
	answer, server := extensions.Answer(list, extensions.Offers(list))
	client, err := extensions.Accept(list, answer)
	if err != nil {
		t.Fatal(err)
	}
	x := new(exchange)
	config := func(role wire.Role, sessions []extensions.Session) (*wire.Config, extensions.Stream) {
		cfg, s := &wire.Config{Version: wire.Hybi13, Role: role, MaskKey: func() [4]byte { return [4]byte{1, 0x80, 0xff, 7} }}, extensions.Stream(nil)
		for _, session := range sessions {
			if session.Stream != nil {
				s = session.Stream
				t.Cleanup(s.Close)
			} else {
				cfg.Extensions = append(cfg.Extensions, session.Wire)
			}
		}
		return cfg, s
	}
	from, to := wire.Server, wire.Client
	if how>>2&1 != 0 {
		from, to, server, client = to, from, client, server
	}
	sends, below := config(from, server)
	sends.FragmentSize = []int{0, 1, 50, 1000}[how>>3&3]
	receives, above := config(to, client)
	receives.Parts = how>>5&1 != 0
	x.enc.Init(sends)
	x.dec.Init(receives)
	x.to, x.at = below, above
	return x
}

// receive feeds p, which has come from the other end, in pieces, and calls got for each
// event.
func (x *exchange) receive(t *testing.T, p []byte, piece int, got func(wire.Event)) {
	feed := func(q []byte) {
		x.dec.Feed(q)
		for ev := x.dec.Next(); ev.Kind != wire.None; ev = x.dec.Next() {
			got(ev)
		}
		for i := range q {
			q[i] = 0xaa
		}
	}
	var dst [300]byte
	for len(p) > 0 {
		n := min(piece, len(p))
		q := bytes.Clone(p[:n])
		p = p[n:]
		if x.at == nil {
			feed(q)
			continue
		}
		x.at.Feed(q)
		for {
			n, err := x.at.Read(dst[:])
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			feed(bytes.Clone(dst[:n]))
		}
	}
}

// FuzzConversation sends messages, parts and control frames in any order from an Encoder
// to a Decoder with permessage-deflate, with deflate-stream, with both, or with neither:
// each arrives once, whole and in order, and what is not in order is refused and leaves
// nothing behind.
func FuzzConversation(f *testing.F) {
	hello := "\x0c\x00Hello, Hello"
	for how := range uint16(64) {
		f.Add([]byte("\x00"+hello+"\x01"+hello+"\x28"+hello+"\x02"+hello+"\x08"+hello+"\x18"+hello+"\x10"+hello), how*0x0421, how, uint8(how))
		f.Add([]byte("\x21\xff\xff"+string(jsonText(255))+"\x29\x00\x00\x02\x00\x00\x09\x7d\xf0"+string(jsonText(125))+"\x01\x7d\xf0"+string(jsonText(125))), how<<10|how, how, uint8(200))
	}
	f.Fuzz(func(t *testing.T, script []byte, settings, how uint16, piece uint8) {
		x := newExchange(t, settings, how, fuzzDeflate(settings))
		var want, got []string
		var unfinished step // whose Data are those of all parts
		var arriving []byte
		for _, s := range stepsOf(script) {
			data := bytes.Clone(s.ev.Data)
			open := unfinished.ev.More
			if s.part && open {
				s.ev.Cont = true
			}
			out, err := x.enc.Append([]byte("before"), s.ev)
			sent, ok := bytes.CutPrefix(out, []byte("before"))
			message := s.ev.Kind < wire.Close
			refused := message && open && (!s.part || s.ev.Kind != unfinished.ev.Kind || s.ev.Unencoded != unfinished.ev.Unencoded)
			if !ok || (err != nil) != refused || refused && (!errors.Is(err, wire.ErrPartOrder) || len(sent) > 0) {
				t.Fatalf("%d %v %v: %d bytes, %v", s.ev.Kind, s.part, s.ev.More, len(sent), err)
			}
			if !bytes.Equal(data, s.ev.Data) {
				t.Fatal("the payload was changed")
			}
			if refused {
				continue
			}
			if message {
				if !open {
					unfinished = step{ev: wire.Event{Kind: s.ev.Kind, Unencoded: s.ev.Unencoded}}
				}
				unfinished.ev.Data = append(unfinished.ev.Data, data...)
				unfinished.ev.More = s.ev.More
				data = unfinished.ev.Data
			}
			if !s.ev.More {
				want = append(want, fmt.Sprintf("%d %x", s.ev.Kind, data))
			}
			if x.to != nil {
				if sent, err = x.to.Append(nil, sent); err != nil {
					t.Fatal(err)
				}
			}
			x.receive(t, sent, 1+int(piece), func(ev wire.Event) {
				if ev.Kind < wire.Close {
					if arriving = append(arriving, ev.Data...); ev.More {
						return
					}
					ev.Data, arriving = arriving, nil
				}
				got = append(got, fmt.Sprintf("%d %x", ev.Kind, ev.Data))
			})
			if !slices.Equal(got, want) {
				t.Fatalf("arrived %q, sent %q", got, want)
			}
		}
		x.dec.Release()
	})
}
