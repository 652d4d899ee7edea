package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/airsocket/airsocket/wire"
)

var versions = []wire.Version{wire.Hixie75, wire.Hixie76, wire.Hybi06, wire.Hybi07, wire.Hybi08, wire.Hybi13}

// An idle connection keeps a Decoder and an Encoder, so they must stay small.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(wire.Decoder{}); n > 160 {
		t.Errorf("a Decoder has %d bytes", n)
	}
	if n := unsafe.Sizeof(wire.Encoder{}); n > 16 {
		t.Errorf("an Encoder has %d bytes", n)
	}
}

// Neither this package nor its internal packages do I/O or use a clock or random
// numbers.
func TestImports(t *testing.T) {
	allowed := map[string]bool{"bytes": true, "encoding/binary": true, "errors": true, "fmt": true, "io": true, "iter": true,
		"math": true, "math/bits": true, "unicode/utf8": true, "unsafe": true}
	here, err := filepath.Glob("*.go")
	below, err2 := filepath.Glob("internal/*/*.go")
	if err != nil || err2 != nil || len(here) == 0 || len(below) == 0 {
		t.Fatal(here, below, err, err2)
	}
	for _, file := range append(here, below...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if !allowed[path] && !strings.HasPrefix(path, "github.com/airsocket/airsocket/wire/internal/") {
				t.Errorf("%s imports %s: wire must not do I/O or use a clock or random numbers", file, path)
			}
		}
	}
}

// head returns the header of a binary frame with the length, as a client of version v
// sends it.
func head(v wire.Version, fin bool, length uint64) []byte {
	b := []byte{2, 0x80 | 127}
	if v == wire.Hybi06 {
		b = []byte{5, 127}
	}
	if fin {
		b[0] |= 0x80
	}
	b = binary.BigEndian.AppendUint64(b, length)
	if v == wire.Hybi06 {
		return append(make([]byte, 4), b...)
	}
	return append(b, 0, 0, 0, 0)
}

// A claimed length takes no memory, even without limits. Bytes that arrive take at
// most four times their number.
func TestClaimedLength(t *testing.T) {
	for _, v := range versions[2:] {
		for _, length := range []uint64{1 << 24, 1 << 30, 1<<31 - 1, 1 << 31, 1 << 32, 1<<32 + 5, 1 << 62, 1<<63 - 1, 1 << 63} {
			for _, fin := range []bool{true, false} {
				t.Run(fmt.Sprint(v, length, fin), func(t *testing.T) {
					mem := &meteredMemory{}
					var d wire.Decoder
					d.Init(&wire.Config{Version: v, Role: wire.Server, Memory: mem})
					d.Feed(head(v, fin, length))
					ev := d.Next()
					if length == 1<<63 {
						if ev.Err != wire.ErrLengthOverflow {
							t.Errorf("got %s", describe(ev))
						}
						return
					}
					if ev.Kind != wire.None || mem.most != 0 || d.Space() != nil {
						t.Fatalf("%s after the header, %d bytes were taken", describe(ev), mem.most)
					}
					for _, n := range []int{1, 100, 1000, 100} {
						d.Feed(make([]byte, n))
						d.Next()
					}
					if mem.lent > 4*(14+1201) {
						t.Errorf("%d bytes are lent after 1201 and a header", mem.lent)
					}
				})
			}
		}
	}
}

func TestClaimedLengthOverLimit(t *testing.T) {
	for _, v := range versions[2:] {
		for _, length := range []uint64{1<<20 + 1, 1 << 31, 1<<32 + 1, 1<<63 - 1} {
			for _, c := range []struct {
				cfg  wire.Config
				want error
			}{
				{wire.Config{MaxFrame: 1 << 20}, wire.ErrFrameTooBig},
				{wire.Config{MaxMessage: 1 << 20}, wire.ErrMessageTooBig},
			} {
				c.cfg.Version, c.cfg.Role = v, wire.Server
				var d wire.Decoder
				d.Init(&c.cfg)
				d.Feed(head(v, true, length))
				if ev := d.Next(); ev.Err != c.want {
					t.Errorf("%s, %d bytes: got %s", v, length, describe(ev))
				}
			}
		}
	}
}

// An endless message of empty fragments takes no memory.
func TestEmptyFragments(t *testing.T) {
	mem := &meteredMemory{}
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, Memory: mem})
	d.Feed([]byte{1, 0})
	d.Next()
	p := make([]byte, 2000)
	if n := testing.AllocsPerRun(100, func() {
		d.Feed(p)
		if ev := d.Next(); ev.Kind != wire.None {
			t.Fatal(describe(ev))
		}
	}); n > 0 || mem.most > 0 {
		t.Errorf("%v allocations, %d bytes taken", n, mem.most)
	}
}

// A long payload is read directly into its buffer. Only the bytes that arrive before
// there is a buffer, and those moved when it grows, are copied.
func TestSpace(t *testing.T) {
	const size = 1 << 20
	want := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	var e wire.Encoder
	e.Init(&wire.Config{Version: wire.Hybi13, Role: wire.Client, MaskKey: func() [4]byte { return mask }})
	in, err := e.Append(nil, wire.Event{Kind: wire.Binary, Data: want})
	if err != nil {
		t.Fatal(err)
	}
	mem := &meteredMemory{}
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, Role: wire.Server, Memory: mem})
	if d.Space() != nil {
		t.Error("space before there is a payload")
	}
	d.Feed(bytes.Clone(in[:16<<10]))
	if ev := d.Next(); ev.Kind != wire.None {
		t.Fatal(describe(ev))
	}
	direct := 0
	for in = in[16<<10:]; len(in) > 0; {
		space := d.Space()
		if len(space) > len(in) {
			t.Fatalf("%d bytes of space for %d", len(space), len(in))
		}
		n := copy(space, in)
		if direct += n; n > 0 {
			d.Filled(n)
		} else {
			n = len(in)
			d.Feed(bytes.Clone(in))
		}
		in = in[n:]
		if ev := d.Next(); ev.Kind != wire.None {
			if !bytes.Equal(ev.Data, want) {
				t.Error("other bytes came out")
			}
			if direct < size-20<<10 {
				t.Errorf("only %d bytes were read directly", direct)
			}
			break
		}
	}
	if mem.most > size+size/4 {
		t.Errorf("%d bytes were lent at once", mem.most)
	}
	d.Next()
	if mem.count != 0 {
		t.Errorf("%d buffers were not given back", mem.count)
	}
}

// Wrong arguments of Filled do no harm.
func TestFilledTooMuch(t *testing.T) {
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13})
	d.Filled(10)
	if ev := d.Next(); ev.Kind != wire.None {
		t.Error(describe(ev))
	}
	d.Feed(append([]byte{0x82, 126, 0xFF, 0xFF}, make([]byte, 30000)...))
	d.Next()
	for range 4 {
		d.Filled(-1)
		d.Next()
		d.Filled(1 << 30)
		if ev := d.Next(); ev.Kind == wire.Binary && len(ev.Data) == 65535 {
			return
		}
	}
	t.Error("the message did not come")
}

// The Data of a small message points into the bytes that were fed.
func TestView(t *testing.T) {
	for _, v := range versions[2:] {
		var e wire.Encoder
		e.Init(&wire.Config{Version: v, Role: wire.Client, MaskKey: func() [4]byte { return mask }})
		in, _ := e.Append(nil, wire.Event{Kind: wire.Text, Data: []byte("Hello, world")})
		var d wire.Decoder
		d.Init(&wire.Config{Version: v, Role: wire.Server})
		d.Feed(in)
		ev := d.Next()
		if string(ev.Data) != "Hello, world" || &ev.Data[0] != &in[len(in)-12] || cap(ev.Data) != 12 {
			t.Errorf("%s: the Data of %s is not that slice of the input", v, describe(ev))
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for _, v := range versions {
		for _, role := range []wire.Role{wire.Client, wire.Server} {
			for _, kind := range []wire.Kind{wire.Text, wire.Binary, wire.Ping} {
				if !v.Can(kind) {
					continue
				}
				mem := &recycled{}
				key := func() [4]byte { return mask }
				var e wire.Encoder
				e.Init(&wire.Config{Version: v, Role: role, Memory: mem, MaskKey: key})
				var d wire.Decoder
				d.Init(&wire.Config{Version: v, Role: 1 - role, Memory: mem})
				msg := wire.Event{Kind: kind, Data: []byte("a small message")}
				buf := make([]byte, 0, 100)
				if n := testing.AllocsPerRun(100, func() {
					out, err := e.Append(buf, msg)
					d.Feed(out[:4])
					first := d.Next()
					d.Feed(out[4:])
					if ev := d.Next(); err != nil || first.Kind != wire.None || ev.Kind != kind {
						t.Fatal(err, describe(ev))
					}
					d.Next()
					out, err = e.Append(buf, msg)
					d.Feed(out)
					if ev := d.Next(); err != nil || ev.Kind != kind {
						t.Fatal(err, describe(ev))
					}
					d.Next()
				}); n != 0 {
					t.Errorf("%s, %s, kind %d: %v allocations", v, role, kind, n)
				}
			}
		}
	}
}

// recycled is a Memory with a single buffer.
type recycled struct{ b *wire.Buffer }

func (r *recycled) Get(n int) *wire.Buffer {
	b := r.b
	r.b = nil
	if b == nil || cap(b.B) < n {
		b = &wire.Buffer{B: make([]byte, 0, n)}
	}
	b.B = b.B[:0]
	return b
}

func (r *recycled) Put(b *wire.Buffer) { r.b = b }

func TestAppendHeader(t *testing.T) {
	data := []byte("Hello")
	for _, c := range []struct {
		cfg       wire.Config
		kind      wire.Kind
		out, rest string
	}{
		{wire.Config{Version: wire.Hybi13, Role: wire.Server}, wire.Text, "\x81\x05", "Hello"},
		{wire.Config{Version: wire.Hybi06, Role: wire.Server}, wire.Binary, "\x85\x05", "Hello"},
		{wire.Config{Version: wire.Hybi13, Role: wire.Server, FragmentSize: 3}, wire.Text, "\x01\x03Hel\x80\x02lo", ""},
		{wire.Config{Version: wire.Hybi13, Role: wire.Client}, wire.Text, "\x81\x85\x00\x00\x00\x00Hello", ""},
		{wire.Config{Version: wire.Hixie76, Role: wire.Server}, wire.Text, "\x00Hello\xFF", ""},
	} {
		var e wire.Encoder
		e.Init(&c.cfg)
		out, rest, err := e.AppendHeader(nil, wire.Event{Kind: c.kind, Data: data})
		if err != nil || string(out) != c.out || string(rest) != c.rest {
			t.Errorf("%v: %q, %q, %v", c.cfg, out, rest, err)
		}
		if len(rest) > 0 && &rest[0] != &data[0] {
			t.Errorf("%v: the rest is a copy", c.cfg)
		}
	}
}

// AppendHeader and Append produce the same bytes.
func TestAppendHeaderIsAppend(t *testing.T) {
	for _, v := range versions {
		for _, role := range []wire.Role{wire.Client, wire.Server} {
			for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
				cfg := wire.Config{Version: v, Role: role, MaskKey: func() [4]byte { return mask }}
				var a, b wire.Encoder
				a.Init(&cfg)
				b.Init(&cfg)
				ev := wire.Event{Kind: wire.Text, Data: bytes.Repeat([]byte("x"), n)}
				whole, err1 := a.Append(nil, ev)
				out, rest, err2 := b.AppendHeader(nil, ev)
				if err1 != nil || err2 != nil || !bytes.Equal(whole, append(out, rest...)) {
					t.Errorf("%s %s %d: %v %v", v, role, n, err1, err2)
				}
			}
		}
	}
}

func TestCan(t *testing.T) {
	all := []wire.Kind{wire.Text, wire.Binary, wire.Close, wire.Ping, wire.Pong}
	for _, v := range versions {
		want := map[wire.Kind]bool{}
		for _, k := range all {
			want[k] = v >= wire.Hybi06 || k == wire.Text || v == wire.Hixie76 && k == wire.Close
		}
		for k := range wire.Kind(64) {
			if v.Can(k) != want[k] {
				t.Errorf("%s.Can(%d) = %t", v, k, v.Can(k))
			}
		}
	}
}

// After the End, and after Release, a Decoder returns no more events.
func TestAfterTheEnd(t *testing.T) {
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13})
	d.FeedEOF(false)
	if ev := d.Next(); ev.Kind != wire.End || ev.Code != wire.StatusAbnormalClosure {
		t.Error(describe(ev))
	}
	for range 3 {
		d.Feed([]byte("\x81\x01xand more"))
		d.FeedEOF(true)
		if ev := d.Next(); ev.Kind != wire.None {
			t.Error(describe(ev))
		}
	}
	d.Init(&wire.Config{Version: wire.Hybi13})
	d.Feed([]byte("\x81\x01x\x81\x01y"))
	d.Next()
	d.Release()
	if ev := d.Next(); ev.Kind != wire.None {
		t.Error(describe(ev))
	}
}

// The memory for a message of unknown length grows with what arrives, and Space never
// reaches beyond the frame.
func TestFragmentMemory(t *testing.T) {
	mem := &meteredMemory{}
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, MaxMessage: 1 << 20, Memory: mem})
	d.Feed(append([]byte{2, 126, 0x4E, 0x20}, make([]byte, 10000)...)) // 10000 of 20000 bytes
	d.Next()
	if mem.lent > 4*10014 {
		t.Errorf("%d bytes are lent after 10000", mem.lent)
	}
	if n := len(d.Space()); n != 10000 {
		t.Errorf("space for %d bytes of 10000", n)
	}
	d.Feed([]byte{0x88, 0}) // in the payload, not a close
	d.Next()
	d.Feed(append(make([]byte, 9998), 0x88, 0))
	if ev := d.Next(); ev.Kind != wire.Close || mem.count != 0 {
		t.Errorf("%s, %d buffers are still lent", describe(ev), mem.count)
	}
}

// The Data of a part that arrives as a whole points into the bytes that were fed, too.
func TestPartView(t *testing.T) {
	mem := &meteredMemory{}
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, Parts: true, Memory: mem})
	in := []byte("\x01\x02He\x00\x02ll\x80\x01o")
	d.Feed(in)
	for _, at := range []int{2, 6, 10} {
		if ev := d.Next(); len(ev.Data) == 0 || &ev.Data[0] != &in[at] {
			t.Errorf("the Data of %s does not point into the input", describe(ev))
		}
	}
}

// TestUnread takes what was fed from a Decoder after each event, overwrites it, and feeds a
// copy.
func TestUnread(t *testing.T) {
	cfg := &wire.Config{Role: wire.Client, Version: wire.Hybi13}
	var in []byte
	var enc wire.Encoder
	enc.Init(&wire.Config{Role: wire.Server, Version: wire.Hybi13})
	kinds := []wire.Kind{wire.Text, wire.Ping, wire.Binary}
	for i, kind := range kinds {
		var err error
		if in, err = enc.Append(in, wire.Event{Kind: kind, Data: []byte{'a' + byte(i), 'b'}}); err != nil {
			t.Fatal(err)
		}
	}
	var d wire.Decoder
	d.Init(cfg)
	fed := append(in, 0x81) // and the first byte of another frame
	d.Feed(fed)
	for i, kind := range kinds {
		if ev := d.Next(); ev.Kind != kind || string(ev.Data) != string([]byte{'a' + byte(i), 'b'}) {
			t.Fatalf("event %d is %v %q", i, ev.Kind, ev.Data)
		}
		rest := append([]byte(nil), d.Unread()...)
		if want := 4*(len(kinds)-1-i) + 1; len(rest) != want {
			t.Fatalf("%d bytes are unread after event %d, want %d", len(rest), i, want)
		}
		if ev := d.Next(); ev.Kind != wire.None {
			t.Fatalf("%v without input", ev.Kind)
		}
		clear(fed)
		fed = rest
		d.Feed(fed)
	}
	if ev := d.Next(); ev.Kind != wire.None {
		t.Fatalf("%v from one byte", ev.Kind)
	}
	d.Feed([]byte("\x01z"))
	if ev := d.Next(); ev.Kind != wire.Text || string(ev.Data) != "z" {
		t.Errorf("%v %q after the rest of the frame", ev.Kind, ev.Data)
	}
}
