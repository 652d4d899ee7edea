//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
)

// An attack says what each hostile connection does. -conns says how many of them
// there are at a time.
type attack struct {
	rounds int    // connections that each attacker opens, one after another; 0: one
	head   []byte // sent instead of a request that the server accepts
	opens  bool   // head, if there is one, is answered with 101
	first  []byte // sent once, with the head if there is one
	chunk  []byte // sent again and again
	chunks int
	unread bool // the attacker reads nothing
	keep   bool // the connection is kept after everything has been sent
}

const (
	opContinuation = 0
	opClose        = 8

	final      = 0x80
	compressed = 0x40
)

// attacks are the floods by name. Each sends a fixed amount, unless the server ends
// the connection or stops reading.
var attacks = map[string]func() attack{
	"pings": func() attack {
		return attack{chunk: bytes.Repeat(masked(final|frame.OpPing, 125), 500), chunks: 60}
	},
	"pings-unread": func() attack {
		return attack{chunk: bytes.Repeat(masked(final|frame.OpPing, 125), 500), chunks: 200, unread: true}
	},
	"pongs": func() attack {
		return attack{chunk: bytes.Repeat(masked(final|frame.OpPong, 16), 1000), chunks: 200}
	},
	"empty-texts": func() attack {
		return attack{chunk: bytes.Repeat(masked(final|frame.OpText, 0), 1000), chunks: 20}
	},
	"fragments": func() attack { // the first is one of a million
		return attack{first: masked(frame.OpText, 1), chunk: bytes.Repeat(masked(opContinuation, 1), 1000), chunks: 1000}
	},
	"empty-fragments": func() attack {
		return attack{first: masked(frame.OpText, 1), chunk: bytes.Repeat(masked(opContinuation, 0), 1000), chunks: 300}
	},
	"control-between": func() attack {
		pair := append(masked(frame.OpPing|final, 0), masked(opContinuation, 1)...)
		return attack{first: masked(frame.OpText, 1), chunk: bytes.Repeat(pair, 1000), chunks: 10}
	},
	"closes": func() attack {
		return attack{rounds: 10, chunk: bytes.Repeat(masked(final|opClose, 0), 1000), chunks: 100}
	},
	"pipelined": func() attack {
		return attack{rounds: 20, head: request(), opens: true, first: bytes.Repeat(masked(final|frame.OpText, 125), 2000)}
	},
	"length": func() attack {
		return attack{rounds: 50, first: announced(1 << 63)}
	},
	"claim": func() attack {
		return attack{first: append(announced(16<<20), 'x'), keep: true}
	},
	"bombs": func() attack {
		return attack{chunk: frame.Style{Masked: true, Zipped: true}.Append(nil, make([]byte, 16<<20)), chunks: 4}
	},
	"tables": func() attack {
		return attack{chunk: maskedPayload(final|compressed|frame.OpBinary, tables(256<<10)), chunks: 1}
	},
	"heads": func() attack {
		head, _ := bytes.CutSuffix(request(), []byte("\r\n"))
		return attack{head: append(head, strings.Repeat("X-Filler: "+strings.Repeat("x", 500)+"\r\n", 40)...), keep: true}
	},
	"half-open": func() attack {
		r := request()
		return attack{head: r[:len(r)/2], keep: true}
	},
	"offers": func() attack { // which are all to be declined
		offers := strings.Repeat("permessage-deflate; x, ", 15_000/23)
		return attack{rounds: 34, opens: true, head: withField("Sec-WebSocket-Extensions: " + strings.TrimSuffix(offers, ", "))}
	},
	"short-offers": func() attack { // of extensions that there are not
		return attack{rounds: 34, opens: true, head: withField("Sec-WebSocket-Extensions: " + strings.Repeat("x,", 15_000/2) + "x")}
	},
	"cookies": func() attack {
		return attack{rounds: 34, opens: true, head: withField("Cookie: a=" + strings.Repeat("0123456789; b=", 15_000/14))}
	},
	"unread": func() attack { // the server answers with much more
		return attack{first: maskedPayload(final|frame.OpText, []byte("feed")), unread: true, keep: true}
	},
}

func withField(line string) []byte {
	head, _ := bytes.CutSuffix(request(), []byte("\r\n"))
	return append(head, line+"\r\n\r\n"...)
}

// masked returns a frame with a payload of n bytes.
func masked(b0 byte, n int) []byte { return maskedPayload(b0, bytes.Repeat([]byte{'x'}, n)) }

func maskedPayload(b0 byte, p []byte) []byte { return frame.AppendMasked(nil, b0, p) }

// announced returns the header of a frame whose payload is to have n bytes.
func announced(n uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{final | frame.OpBinary, 0x80 | 127}, n)
	return append(b, 1, 2, 3, 4)
}

// tables returns about n bytes of DEFLATE blocks that contain nothing, but each have
// new tables with many long codes (RFC 1951, section 3.2.7), without the last four
// bytes of a flush.
func tables(n int) []byte {
	var w bitWriter
	for i := 0; len(w.b) < n; i++ {
		w.number(0, 1)
		w.number(2, 2)
		w.number(258-257, 5)
		w.number(2-1, 5)
		w.number(18-4, 4)
		// The code for the code lengths: 0 repeats, 10 is 1, 110 is 2, 111 is 10.
		for _, s := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1} {
			w.number(map[int]int{16: 1, 1: 2, 2: 3, 10: 3}[s], 3)
		}
		// Two short codes, in turn, and 256 of 10 bits, the last of which ends the
		// block, which is symbol 256.
		one, two := func() { w.code(2, 2) }, func() { w.code(6, 3) }
		if i%2 == 0 {
			one()
			two()
		} else {
			two()
			one()
		}
		w.code(7, 3)
		for range 42 {
			w.code(0, 1)
			w.number(3, 2)
		}
		w.code(0, 1)
		w.number(0, 2)
		one()
		one()
		w.code(0x3fe, 10) // symbol 256 of 257
	}
	w.number(0, 3) // a stored block, which the flush ends
	return w.b
}

// A bitWriter writes numbers with the lowest bit first, and codes with the highest
// bit first (RFC 1951, section 3.1.1).
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) number(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

func (w *bitWriter) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.number(v>>i, 1)
	}
}
