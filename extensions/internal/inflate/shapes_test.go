package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"slices"
	"testing"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/airsocket/airsocket/extensions/internal/sample"
)

// shape is a kind of DEFLATE data: typical data of an honest peer, or data that is
// expensive to decode, from a hostile one.
type shape struct {
	name     string
	messages [][]byte // each ends with a sync flush
	plain    [][]byte
}

const flushed = "\x00\x00\xff\xff"

// inflateShapes returns shapes that can make an inflater slow. The longest have size
// bytes.
func inflateShapes(size int) []shape {
	r := rand.New(rand.NewSource(1))
	random := make([]byte, size)
	r.Read(random)
	alphabet := bytes.Clone(random)
	for i := range alphabet {
		alphabet[i] = ' ' + alphabet[i]&63
	}
	shapes := []shape{
		compressed("random", stdflate.DefaultCompression, len(random), random),
		compressed("random of 64 letters", stdflate.HuffmanOnly, len(random), alphabet),
		compressed("stored, 100 bytes each", stdflate.NoCompression, 100, random[:size/4]),
		compressed("text, level 1", stdflate.BestSpeed, size, sample.JSON(1, size)),
		compressed("text, level 9", stdflate.BestCompression, size, sample.JSON(1, size)),
		compressed("text, flushed every 100 bytes", stdflate.BestCompression, 100, sample.JSON(1, size/4)),
		compressed("text, flushed every 1000 bytes", stdflate.BestCompression, 1000, sample.JSON(1, size)),
		compressed("zeros", stdflate.BestCompression, size, make([]byte, size)),
		compressed("zeros, level 1", stdflate.BestSpeed, size, make([]byte, size)),
	}
	for _, period := range []int{2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 31, 32, 33, 40, 300} {
		p := bytes.Repeat(random[:period], size/period)
		shapes = append(shapes, compressed(fmt.Sprintf("period %d", period), stdflate.BestCompression, len(p), p))
	}
	for _, length := range []int{3, 6, 10} {
		for _, distance := range []int{1, 3, 5, 9, 100} {
			shapes = append(shapes, shortMatches(length, distance, size/4))
		}
	}
	for _, n := range []int{16, 125, 1 << 10, 16 << 10} {
		s := shape{name: fmt.Sprintf("message of %d bytes", n)}
		for i := range 100 {
			one := compressed("", stdflate.BestSpeed, n, sample.JSON(uint32(i), n))
			s.messages, s.plain = append(s.messages, one.messages...), append(s.plain, one.plain...)
		}
		shapes = append(shapes, s)
	}

	empty := make([]uint8, 257)
	empty[256] = 1
	two := slices.Clone(empty)
	two['a'] = 1
	flat := bytes.Repeat([]byte{8}, 257)
	flat[0] = 0
	deep := make([]uint8, 286)
	for i := range 15 {
		deep[242+i] = uint8(15 - i)
	}
	deep[241] = 15
	few := []uint8{5, 5, 5, 5, 4, 4}
	for len(few) < 30 {
		few = append(few, 5)
	}
	return append(shapes,
		empties("empty blocks of the fixed code", func(w *bitWriter) { w.number(1<<1, 3+7) }),
		empties("empty stored blocks", func(w *bitWriter) {
			w.number(0, 3)
			w.number(0, -w.n&7)
			w.number(0, 16)
			w.number(0xffff, 16)
		}),
		tables("tables, empty", func() ([]uint8, []uint8) { return empty, []uint8{0} }),
		tables("tables, one distance", func() ([]uint8, []uint8) { return two, []uint8{1} }),
		tables("tables, flat", func() ([]uint8, []uint8) { return flat, []uint8{0} }),
		tables("tables, flat with distances", func() ([]uint8, []uint8) { return flat, few }),
		tables("tables, deep", func() ([]uint8, []uint8) { return deep, []uint8{0} }),
		tables("tables, random", func() ([]uint8, []uint8) { return randomCode(r, 286), randomCode(r, 30) }),
	)
}

// compressed returns plain as one message, flushed after every n bytes.
func compressed(name string, level, n int, plain []byte) shape {
	var z bytes.Buffer
	w, _ := stdflate.NewWriter(&z, level)
	for p := range slices.Chunk(plain, n) {
		w.Write(p)
		w.Flush()
	}
	return shape{name, [][]byte{z.Bytes()}, [][]byte{plain}}
}

// shortMatches returns a block of the fixed code that decodes to size bytes. After
// the first bytes it consists of matches of one length, 3 to 10.
func shortMatches(length, distance, size int) shape {
	symbol, extra, bits := 0, 0, 0
	for base := 1; ; symbol++ {
		bits = max(0, symbol/2-1)
		if distance < base+1<<bits {
			extra = distance - base
			break
		}
		base += 1 << bits
	}
	var w bitWriter
	w.number(1<<1, 3)
	var plain []byte
	for i := range distance {
		plain = append(plain, byte(i))
		w.code(0x30+i, 8)
	}
	for len(plain) < size {
		w.code(length-2, 7)
		w.code(symbol, 5)
		w.number(extra, bits)
		for range length {
			plain = append(plain, plain[len(plain)-distance])
		}
	}
	w.code(0, 7)
	w.number(0, 3)
	name := fmt.Sprintf("matches of %d bytes, distance %d", length, distance)
	return shape{name, [][]byte{append(w.b, flushed...)}, [][]byte{plain}}
}

// tables returns one message of blocks that have a dynamic code, but no data.
func tables(name string, next func() (literals, distances []uint8)) shape {
	return empties(name, func(w *bitWriter) {
		literals, distances := next()
		w.header(literals, distances)
		code := 0
		for s, l := range literals { // the canonical code of the end of the block
			if l < literals[256] || l == literals[256] && s < 256 {
				if l != 0 {
					code += 1 << (literals[256] - l)
				}
			}
		}
		w.code(code, int(literals[256]))
	})
}

// empties returns one message of blocks without data.
func empties(name string, block func(*bitWriter)) shape {
	var w bitWriter
	for len(w.b) < 1<<16 {
		block(&w)
	}
	w.number(0, 3)
	return shape{name, [][]byte{append(w.b, flushed...)}, [][]byte{nil}}
}

// header writes the header of a block with a dynamic code (RFC 1951, section 3.2.7).
func (w *bitWriter) header(literals, distances []uint8) {
	all := slices.Concat(literals, distances)
	var symbols [][3]int // symbol, value of its extra bits, number of its extra bits
	used := map[int]bool{}
	for len(all) > 0 {
		n, l := 1, all[0]
		for n < len(all) && all[n] == l {
			n++
		}
		s := [3]int{int(l)}
		switch {
		case l == 0 && n >= 11:
			n = min(n, 138)
			s = [3]int{18, n - 11, 7}
		case l == 0 && n >= 3:
			s = [3]int{17, n - 3, 3}
		case n >= 4: // the first one, then a repetition
			n = min(n, 7)
			symbols, used[int(l)] = append(symbols, s), true
			s = [3]int{16, n - 4, 2}
		default:
			n = 1
		}
		symbols, used[s[0]] = append(symbols, s), true
		all = all[n:]
	}

	// The code for the code lengths has two lengths that differ by one.
	long := 1
	for 1<<long < len(used) {
		long++
	}
	short := 1<<long - len(used)
	var lens, codes [19]int
	code, seen := 0, 0
	for s := range lens {
		if used[s] {
			lens[s], codes[s] = long-1, code
			if seen++; seen > short {
				lens[s], codes[s] = long, 2*short+(seen-1-short)
			}
			code++
		}
	}
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	n := len(order)
	for lens[order[n-1]] == 0 {
		n--
	}
	w.number(0b100, 3)
	w.number(len(literals)-257, 5)
	w.number(len(distances)-1, 5)
	w.number(n-4, 4)
	for _, s := range order[:n] {
		w.number(lens[s], 3)
	}
	for _, s := range symbols {
		w.code(codes[s[0]], lens[s[0]])
		w.number(s[1], s[2])
	}
}

// randomCode returns the lengths of a complete code of n symbols, up to 15.
func randomCode(r *rand.Rand, n int) []uint8 {
	lens := []uint8{1, 1}
	for len(lens) < n {
		i := r.Intn(len(lens))
		if lens[i] < 15 {
			lens[i]++
			lens = append(lens, lens[i])
		}
	}
	r.Shuffle(n, func(i, j int) { lens[i], lens[j] = lens[j], lens[i] })
	return lens
}

// Every shape is decoded as Go's inflater decodes it, also when it arrives in pieces
// and is read into small buffers.
func TestInflateShapes(t *testing.T) {
	for _, s := range inflateShapes(1 << 16) {
		for i, p := range s.messages {
			want, err := io.ReadAll(stdflate.NewReader(io.MultiReader(bytes.NewReader(p), bytes.NewReader([]byte("\x01\x00\x00\xff\xff")))))
			if err != nil || !bytes.Equal(want, s.plain[i]) {
				t.Fatalf("%s: Go's inflater reads %d bytes, %v", s.name, len(want), err)
			}
			payload := bytes.TrimSuffix(p, []byte(flushed))
			got, err := inflate.Append(nil, payload, inflate.MaxWindow, nil, len(want)+1)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, %v, want %d", s.name, len(got), err, len(want))
			}
			if _, err := inflate.Append(nil, payload, inflate.MaxWindow, nil, len(want)/2); len(want) > 1 && err != inflate.ErrTooLong {
				t.Errorf("%s: %v with half the limit", s.name, err)
			}
			for _, cut := range []int{1, 5, 8, 13, 1000} {
				var st inflate.Stream
				st.Init(inflate.MaxWindow)
				var pieces []byte
				for q := range slices.Chunk(p, cut) {
					pieces = append(pieces, readAll(t, &st, q, 7*cut)...)
				}
				st.Close()
				if !bytes.Equal(pieces, want) {
					t.Errorf("%s in pieces of %d: %d bytes, want %d", s.name, cut, len(pieces), len(want))
				}
			}
		}
	}
}

// readAll feeds a copy of p and reads until it is used up, at most room bytes at a
// time. Then it overwrites the copy.
func readAll(t *testing.T, s *inflate.Stream, p []byte, room int) (got []byte) {
	t.Helper()
	lent := bytes.Clone(p)
	s.Feed(lent)
	dst := make([]byte, room)
	for {
		n, err := s.Read(dst)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		got = append(got, dst[:n]...)
	}
	for i := range lent {
		lent[i] = 0xaa
	}
	return got
}

// A bomb that decodes to 16 MiB allocates hardly more in total, including buffers
// dropped on the way, which is less than io.ReadAll does with Go's inflater.
func TestInflateBombAllocates(t *testing.T) {
	const size = 16 << 20
	s := compressed("", stdflate.BestCompression, size, make([]byte, size))
	payload := bytes.TrimSuffix(s.messages[0], []byte(flushed))
	z := stdflate.NewReader(nil)
	ours := allocated(func() {
		if got, err := inflate.Append(nil, payload, inflate.MaxWindow, nil, size); len(got) != size {
			t.Fatal(err)
		}
	})
	theirs := allocated(func() {
		z.(stdflate.Resetter).Reset(bytes.NewReader(append(s.messages[0], "\x01\x00\x00\xff\xff"...)), nil)
		if got, err := io.ReadAll(z); len(got) != size {
			t.Fatal(err)
		}
	})
	if ours >= theirs || ours > size+size/16 {
		t.Errorf("%d bytes, with io.ReadAll %d", ours, theirs)
	}
}

// A message that begins like a bomb, and goes on with bytes that do not inflate,
// allocates no more than the limit and what it had before.
func TestInflateFalseBombAllocates(t *testing.T) {
	const limit = 1 << 20
	plain := make([]byte, 256<<10)
	r := rand.New(rand.NewSource(1))
	r.Read(plain[192<<10:])
	s := compressed("", stdflate.BestCompression, len(plain), plain)
	payload := bytes.TrimSuffix(s.messages[0], []byte(flushed))
	took := allocated(func() {
		if got, err := inflate.Append(make([]byte, 0, 32<<10), payload, inflate.MaxWindow, nil, limit); !bytes.Equal(got, plain) {
			t.Fatal(len(got), err)
		}
	})
	if took > limit+128<<10 {
		t.Errorf("%d bytes allocated with a limit of %d", took, limit)
	}
}

// allocated returns how many bytes f allocates when it runs a second time.
func allocated(f func()) uint64 {
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
