package wire_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// A vector is a case in testdata/*.txt. Each line is a directive and its arguments:
//
//	== TITLE            begins a case; settings before the first case apply to all
//	version NAME        a name that wire.ParseVersion accepts
//	role client|server  the role of this endpoint
//	max-frame N         the limits of wire.Config
//	max-message N
//	parts               deliver parts of messages
//	fragment N          split what is sent into frames of N bytes
//	in BYTES            what is received
//	eof [close-sent]    the byte stream ends
//	ev EVENT            the next event that the Decoder returns
//	out EVENT = BYTES   what is sent for an event
//	out EVENT ! ERROR   the error that the Encoder returns for an event
//	reply = BYTES       what is sent in reply to the previous event
//
// BYTES are hexadecimal digits or "text", each with *N for repetition, and mask:KEY
// for a key that masks the rest of the line. EVENT is a kind, followed by cont, more,
// a status code, and the data in the form of BYTES. A fail is followed by the name of
// its error instead.
type vector struct {
	name  string
	cfg   wire.Config
	in    []byte
	eof   bool
	sent  bool
	want  []string
	steps []step // of the encoder
}

type step struct {
	ev   wire.Event
	out  []byte
	err  error
	line int
}

// mask is the masking key of everything that the tests send.
var mask = [4]byte{0x37, 0xFA, 0x21, 0x3D}

var errorNames = map[string]error{
	"ErrReservedBits": wire.ErrReservedBits, "ErrUnknownOpcode": wire.ErrUnknownOpcode, "ErrNotMasked": wire.ErrNotMasked,
	"ErrMasked": wire.ErrMasked, "ErrLengthNotMinimal": wire.ErrLengthNotMinimal, "ErrLengthOverflow": wire.ErrLengthOverflow,
	"ErrControlTooLong": wire.ErrControlTooLong, "ErrControlFragmented": wire.ErrControlFragmented,
	"ErrNothingToContinue": wire.ErrNothingToContinue, "ErrMessageUnfinished": wire.ErrMessageUnfinished,
	"ErrClosePayload": wire.ErrClosePayload, "ErrCloseCode": wire.ErrCloseCode, "ErrCloseReason": wire.ErrCloseReason,
	"ErrInvalidUTF8": wire.ErrInvalidUTF8, "ErrFrameTooBig": wire.ErrFrameTooBig, "ErrMessageTooBig": wire.ErrMessageTooBig,
	"ErrExtensionData": wire.ErrExtensionData, "ErrHixieFrameType": wire.ErrHixieFrameType,
	"ErrCloseSent": wire.ErrCloseSent, "ErrUnsupported": wire.ErrUnsupported, "ErrTooBig": wire.ErrTooBig,
	"ErrBadCode": wire.ErrBadCode, "ErrBadText": wire.ErrBadText, "ErrPartOrder": wire.ErrPartOrder,
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, v := range parseVectors(t, file) {
				t.Run(v.name, v.run)
			}
		})
	}
}

func (v *vector) run(t *testing.T) {
	if v.in != nil || v.eof {
		rnd := rand.New(rand.NewSource(int64(len(v.in))))
		cuts := map[string]cutter{
			"whole":        func(left int) int { return left },
			"byte by byte": func(int) int { return 1 },
		}
		for at := 1; at < len(v.in) && at < 20; at++ {
			cuts[fmt.Sprint("in two, cut at ", at)] = func(left int) int {
				if left == len(v.in) {
					return at
				}
				return left
			}
		}
		for i := range 30 {
			most := 1 + rnd.Intn(1+len(v.in))
			cuts[fmt.Sprint("random cuts ", i)] = func(int) int { return 1 + rnd.Intn(most) }
		}
		for name, cut := range cuts {
			if got := decode(t, &v.cfg, v.in, cut, v.eof, v.sent); !equal(got, v.want) {
				t.Fatalf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(v.want, "\n     "))
			}
		}
	}
	var e wire.Encoder
	e.Init(&v.cfg)
	for _, s := range v.steps {
		prefix := []byte("before")
		data := bytes.Clone(s.ev.Data)
		out, err := e.Append(prefix, s.ev)
		if err != s.err || string(out) != "before"+string(s.out) {
			t.Errorf("line %d: sent %x, %v, want %x, %v", s.line, out[len(prefix):], err, s.out, s.err)
		}
		if !bytes.Equal(data, s.ev.Data) {
			t.Errorf("line %d: Append changed the data", s.line)
		}
	}
}

func equal(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

// A cutter returns how many of the remaining bytes the next piece has.
type cutter func(left int) int

// decode feeds in to a Decoder in pieces and returns its events. It overwrites what
// was fed as soon as the Decoder no longer owns it, and buffers that were given back.
func decode(t *testing.T, cfg *wire.Config, in []byte, cut cutter, eof, closeSent bool) (events []string) {
	t.Helper()
	mem := &meteredMemory{}
	c := *cfg
	c.Memory = mem
	var d wire.Decoder
	d.Init(&c)
	next := func() {
		for {
			ev := wire.Event{}
			if len(events)%2 == 0 { // every second event may take the fast path
				ev.Kind, ev.Data = d.NextMessage()
			}
			if ev.Kind == wire.None {
				ev = d.Next()
			}
			if ev.Kind == wire.None {
				break
			}
			events = append(events, describe(ev))
		}
		for range 2 {
			if ev := d.Next(); ev.Kind != wire.None {
				t.Errorf("after None came %s", describe(ev))
			}
		}
	}
	fed := 0
	for fed < len(in) {
		n := min(cut(len(in)-fed), len(in)-fed)
		if space := d.Space(); space != nil {
			n = min(n, len(space))
			copy(space, in[fed:fed+n])
			d.Filled(n)
			next()
		} else {
			p := append(make([]byte, 0, n), in[fed:fed+n]...)
			d.Feed(p)
			next()
			scribble(p)
		}
		fed += n
		if most := 4*fed + 512; mem.lent > most && mem.lent > 8*fed {
			t.Errorf("%d bytes are lent after %d were fed", mem.lent, fed)
		}
	}
	if eof {
		d.FeedEOF(closeSent)
		next()
	}
	d.Release()
	if mem.count != 0 {
		t.Errorf("%d buffers were not given back", mem.count)
	}
	return events
}

func scribble(p []byte) {
	for i := range p {
		p[i] = 0xA5
	}
}

// meteredMemory counts the bytes and buffers that it has lent, and overwrites the
// buffers that it gets back.
type meteredMemory struct{ lent, most, count int }

func (m *meteredMemory) Get(n int) *wire.Buffer {
	b := &wire.Buffer{B: make([]byte, 0, n)}
	m.lent += n
	m.count++
	m.most = max(m.most, m.lent)
	return b
}

func (m *meteredMemory) Put(b *wire.Buffer) {
	m.lent -= cap(b.B)
	m.count--
	scribble(b.B[:cap(b.B)])
}

var kinds = map[string]wire.Kind{"text": wire.Text, "binary": wire.Binary, "close": wire.Close, "ping": wire.Ping,
	"pong": wire.Pong, "fail": wire.Fail, "end": wire.End, "none": wire.None}

// describe returns the event in the notation of the vectors.
func describe(ev wire.Event) string {
	var s []string
	for name, k := range kinds {
		if k == ev.Kind {
			s = append(s, name)
		}
	}
	if ev.Cont {
		s = append(s, "cont")
	}
	if ev.More {
		s = append(s, "more")
	}
	switch ev.Kind {
	case wire.Fail:
		for name, err := range errorNames {
			if ev.Err == err && ev.Code == err.(*wire.ProtocolError).Code {
				return "fail " + name
			}
		}
		return fmt.Sprint("fail ", ev.Code, " ", ev.Err)
	case wire.Close, wire.End:
		s = append(s, strconv.Itoa(int(ev.Code)))
		if ev.Kind == wire.End && (ev.Err == wire.ErrUnexpectedEnd) != (ev.Code == wire.StatusAbnormalClosure) {
			s = append(s, fmt.Sprint("with error ", ev.Err))
		}
	}
	if len(ev.Data) > 0 {
		s = append(s, hex.EncodeToString(ev.Data))
	}
	return strings.Join(s, " ")
}

func parseVectors(t *testing.T, file string) (all []*vector) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	common := &vector{cfg: wire.Config{Version: wire.Hybi13, MaskKey: func() [4]byte { return mask }}}
	v := common
	var last wire.Event
	for i, line := range strings.Split(string(text), "\n") {
		directive, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		number := func() int {
			n, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			return n
		}
		switch directive {
		case "", "#":
		case "==":
			v = &vector{name: rest, cfg: common.cfg}
			all = append(all, v)
		case "version":
			if v.cfg.Version, err = wire.ParseVersion(rest); err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
		case "role":
			v.cfg.Role = map[string]wire.Role{"client": wire.Client, "server": wire.Server}[rest]
		case "max-frame":
			v.cfg.MaxFrame = number()
		case "max-message":
			v.cfg.MaxMessage = number()
		case "fragment":
			v.cfg.FragmentSize = number()
		case "parts":
			v.cfg.Parts = true
		case "in":
			v.in = append(v.in, parseBytes(t, rest)...)
		case "eof":
			v.eof, v.sent = true, rest == "close-sent"
		case "ev":
			last = parseEvent(t, rest)
			v.want = append(v.want, describe(last))
		case "out":
			s := step{line: i + 1}
			event, out, ok := strings.Cut(rest, " =")
			if !ok {
				var name string
				event, name, _ = strings.Cut(rest, " ! ")
				if s.err = errorNames[name]; s.err == nil {
					t.Fatalf("%s:%d: what error is %q", file, i+1, name)
				}
			}
			s.ev, s.out = parseEvent(t, event), parseBytes(t, out)
			v.steps = append(v.steps, s)
		case "reply":
			r, ok := wire.Reply(last)
			if !ok {
				t.Errorf("%s:%d: %s needs no reply", file, i+1, describe(last))
			}
			v.steps = append(v.steps, step{ev: r, out: parseBytes(t, strings.TrimPrefix(rest, "=")), line: i + 1})
		default:
			t.Fatalf("%s:%d: what is %q", file, i+1, directive)
		}
	}
	return all
}

func parseEvent(t *testing.T, s string) (ev wire.Event) {
	words := strings.SplitN(s, " ", 2)
	kind, ok := kinds[words[0]]
	if !ok {
		t.Fatalf("what kind is %q", words[0])
	}
	ev.Kind = kind
	rest := strings.Join(words[1:], "")
	for rest != "" && rest[0] != '"' {
		word, after, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(word)
		switch {
		case word == "cont":
			ev.Cont = true
		case word == "more":
			ev.More = true
		case kind == wire.Fail:
			if ev.Err = errorNames[word]; ev.Err == nil {
				t.Fatalf("what error is %q", word)
			}
			ev.Code = ev.Err.(*wire.ProtocolError).Code
		case err == nil && ev.Code == 0 && (kind == wire.Close || kind == wire.End):
			if ev.Code = wire.StatusCode(n); n == 1006 {
				ev.Err = wire.ErrUnexpectedEnd
			}
		default:
			ev.Data = parseBytes(t, rest)
			return ev
		}
		rest = after
	}
	ev.Data = parseBytes(t, rest)
	return ev
}

func parseBytes(t *testing.T, s string) (out []byte) {
	var key []byte
	from := 0
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var piece []byte
		var err error
		switch {
		case s[0] == '"':
			quoted, qerr := strconv.QuotedPrefix(s)
			if qerr != nil {
				t.Fatalf("%s: %v", s, qerr)
			}
			var text string
			text, err = strconv.Unquote(quoted)
			piece, s = []byte(text), s[len(quoted):]
		case strings.HasPrefix(s, "mask:"):
			key, err = hex.DecodeString(s[5:13])
			out, s = append(out, key...), s[13:]
			from = len(out)
		default:
			n := strings.IndexAny(s+" ", " *")
			piece, err = hex.DecodeString(s[:n])
			s = s[n:]
		}
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		times := 1
		if strings.HasPrefix(s, "*") {
			n := strings.IndexByte(s+" ", ' ')
			if times, err = strconv.Atoi(s[1:n]); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			s = s[n:]
		}
		out = append(out, bytes.Repeat(piece, times)...)
	}
	for i := from; i < len(out) && key != nil; i++ {
		out[i] ^= key[(i-from)%4]
	}
	return out
}
