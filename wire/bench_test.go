package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

var benchSizes = []int{16, 125, 1 << 10, 64 << 10, 1 << 20}

func benchMessage(kind Kind, n int) Event {
	return Event{Kind: kind, Data: []byte(strings.Repeat("The quick brown fox jumps over it", n/33+1)[:n])}
}

// BenchmarkDecode decodes messages that have arrived as a whole. The input is restored
// before each round, since decoding unmasks it in place.
func BenchmarkDecode(b *testing.B) {
	for _, role := range []Role{Server, Client} {
		masked := map[Role]string{Server: "masked", Client: "unmasked"}[role]
		for _, kind := range []Kind{Text, Binary} {
			name := map[Kind]string{Text: "text", Binary: "binary"}[kind]
			for _, n := range benchSizes {
				b.Run(fmt.Sprintf("%s/%s/%d", masked, name, n), func(b *testing.B) {
					var e Encoder
					e.Init(&Config{Version: Hybi13, Role: 1 - role, MaskKey: fixedKey})
					wire, _ := e.Append(nil, benchMessage(kind, n))
					batch := max(1, min(64, 4096/len(wire)))
					wire = bytes.Repeat(wire, batch)
					in := bytes.Clone(wire)
					var d Decoder
					d.Init(&Config{Version: Hybi13, Role: role, MaxMessage: 16 << 20, MaxFrame: 16 << 20})
					b.SetBytes(int64(n))
					b.ReportAllocs()
					left := 0
					for b.Loop() {
						if left == 0 {
							copy(in, wire)
							d.Feed(in)
							left = batch
						}
						left--
						if ev := d.Next(); ev.Kind != kind {
							b.Fatal(ev)
						}
						if left == 0 && d.Next().Kind != None {
							b.Fatal("more")
						}
					}
				})
			}
		}
	}
}

// BenchmarkDecodeEmptyFragments decodes fragments without payload, which a hostile peer may
// send without end.
func BenchmarkDecodeEmptyFragments(b *testing.B) {
	const batch = 10_000
	in := bytes.Repeat([]byte{0, 0x80, 1, 2, 3, 4}, batch)
	var d Decoder
	d.Init(&Config{Version: Hybi13, Role: Server, MaxMessage: 16 << 20, MaxFrame: 16 << 20})
	d.Feed([]byte{byte(Text), 0x81, 0, 0, 0, 0, 'a'})
	if ev := d.Next(); ev.Kind != None {
		b.Fatal(ev)
	}
	for b.Loop() {
		d.Feed(in)
		if ev := d.Next(); ev.Kind != None {
			b.Fatal(ev)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/frame")
}

// BenchmarkDecodeTinyFragments decodes messages that arrive byte by byte, each in a fragment.
func BenchmarkDecodeTinyFragments(b *testing.B) {
	const batch, batches = 10_000, 100 // of a message
	fragments := bytes.Repeat([]byte{0, 0x81, 1, 2, 3, 4, 'a' ^ 1}, batch)
	in := make([]byte, len(fragments))
	var d Decoder
	d.Init(&Config{Version: Hybi13, Role: Server, MaxMessage: 16 << 20, MaxFrame: 16 << 20})
	n := 0
	for b.Loop() {
		if n%batches == 0 {
			d.Feed([]byte{byte(Text), 0x81, 0, 0, 0, 0, 'a'})
			if ev := d.Next(); ev.Kind != None {
				b.Fatal(ev)
			}
		}
		copy(in, fragments)
		if n++; n%batches == 0 {
			in[len(in)-7] = 0x80
		}
		d.Feed(in)
		if ev := d.Next(); (ev.Kind == Text) != (n%batches == 0) || len(ev.Data) > 0 && len(ev.Data) != 1+batch*batches {
			b.Fatal(ev)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/frame")
}

// BenchmarkDecodePieces decodes a message that arrives in pieces of 64 KiB. The Memory
// reuses the buffers that the message grows through.
func BenchmarkDecodePieces(b *testing.B) {
	var e Encoder
	e.Init(&Config{Version: Hybi13, Role: Client, MaskKey: fixedKey})
	wire, _ := e.Append(nil, benchMessage(Binary, 1<<20))
	in := make([]byte, 64<<10)
	var d Decoder
	d.Init(&Config{Version: Hybi13, Role: Server, MaxMessage: 16 << 20, Memory: &pool{}})
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		got := false
		for w := wire; len(w) > 0; {
			if s := d.Space(); s != nil {
				n := copy(s[:min(len(s), 256<<10)], w)
				d.Filled(n)
				w = w[n:]
			} else {
				n := copy(in, w)
				d.Feed(in[:n])
				w = w[n:]
			}
			for ev := d.Next(); ev.Kind != None; ev = d.Next() {
				got = got || len(ev.Data) == 1<<20
			}
		}
		if !got {
			b.Fatal("no message")
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, role := range []Role{Server, Client} {
		for _, kind := range []Kind{Text, Binary} {
			name := map[Kind]string{Text: "text", Binary: "binary"}[kind]
			for _, n := range benchSizes {
				b.Run(fmt.Sprintf("%s/%s/%d", role, name, n), func(b *testing.B) {
					var e Encoder
					e.Init(&Config{Version: Hybi13, Role: role, MaskKey: fixedKey})
					ev := benchMessage(kind, n)
					dst := make([]byte, 0, n+maxHead)
					b.SetBytes(int64(n))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := e.Append(dst, ev); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

func fixedKey() [4]byte { return [4]byte{0x37, 0xFA, 0x21, 0x3D} }

// pool is a Memory that reuses the buffers that it gets back.
type pool struct{ free []*Buffer }

func (p *pool) Get(n int) *Buffer {
	for i, b := range p.free {
		if cap(b.B) >= n {
			last := len(p.free) - 1
			p.free[i] = p.free[last]
			p.free = p.free[:last]
			return b
		}
	}
	return &Buffer{B: make([]byte, 0, n)}
}

func (p *pool) Put(b *Buffer) {
	b.B = b.B[:0]
	p.free = append(p.free, b)
}
