package extensions_test

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/extensions/internal/sample"
	"github.com/airsocket/airsocket/wire"
)

func stream(t testing.TB, x extensions.DeflateStream) extensions.Stream {
	t.Helper()
	p, s, ok := x.Answer(nil)
	if !ok || len(p) != 0 {
		t.Fatalf("Answer(nil) = %v, %v", p, ok)
	}
	t.Cleanup(s.Stream.Close)
	return s.Stream
}

// readAll feeds a copy of p and reads until it is used up, at most room bytes at a
// time. Then it overwrites the copy.
func readAll(t testing.TB, s extensions.Stream, p []byte, room int) (got []byte) {
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

// The streams that historic peers sent decode to the recorded contents.
func TestStreamReadsRecordedConversations(t *testing.T) {
	files, _ := filepath.Glob("../internal/test/recorded/testdata/vectors/hybi-0*/*deflate-stream*.json")
	if len(files) < 10 {
		t.Fatalf("only %d recordings", len(files))
	}
	inflated := regexp.MustCompile(`^([cs]2[cs])\[(\d+)\].*\(deflate-stream: \d+ wire bytes inflate to (\d+): ([0-9a-f]*)(\.\.\.)?\)`)
	streams := 0
	for _, name := range files {
		if strings.Contains(name, "libwebsockets-tag-deflate-stream-support") {
			continue // of March 2011, with a zlib header, which no later peer can read
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			C2S     []string `json:"c2s_hex"`
			S2C     []string `json:"s2c_hex"`
			Meaning []string
		}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []struct {
			name   string
			chunks []string
		}{{"c2s", v.C2S}, {"s2c", v.S2C}} {
			var want []string
			var size int
			for _, m := range v.Meaning {
				if f := inflated.FindStringSubmatch(m); f != nil && f[1] == dir.name {
					want = append(want, f[4])
					size += atoi(f[3])
				}
			}
			if len(want) == 0 {
				continue // the server declined the extension
			}
			streams++
			for _, room := range []int{1, 7, 4096} {
				s, got := stream(t, extensions.DeflateStream{}), []byte(nil)
				t.Log(name, dir.name, room)
				for i, chunk := range dir.chunks[1:] {
					p := unhex(t, chunk)
					piece := readAll(t, s, p, room)
					got = append(got, piece...)
					if i < len(want) && len(want) == len(dir.chunks)-1 && !bytes.HasPrefix(piece, unhex(t, want[i])) {
						t.Errorf("%s: %s[%d] reads as %x, want %s", name, dir.name, i+1, piece, want[i])
					}
				}
				if len(got) != size {
					t.Errorf("%s: %s reads as %d bytes, want %d", name, dir.name, len(got), size)
				}
			}
		}
	}
	if streams < 20 {
		t.Errorf("only %d streams were read", streams)
	}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

// Data can be read as soon as the sender has flushed it, with any kind of flush, and
// however the stream is cut.
func TestStreamReadsEveryFlush(t *testing.T) {
	text, err := os.ReadFile("testdata/zlib-flushes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{1, 300, 1 << 16} {
		for _, cut := range []int{1, 3, 1 << 16} {
			streams := map[string]extensions.Stream{}
			for line := range strings.Lines(string(text)) {
				f := strings.Fields(line)
				if f[0] == "#" {
					continue
				}
				s := streams[f[0]]
				if s == nil {
					s = stream(t, extensions.DeflateStream{})
					streams[f[0]] = s
				}
				p, want, got := unhex(t, f[2]), unhex(t, f[1]), []byte(nil)
				for len(p) > 0 {
					n := min(cut, len(p))
					got = append(got, readAll(t, s, p[:n], room)...)
					p = p[n:]
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("%s: %x reads as %x", f[0], f[2], got)
				}
			}
			if len(streams) != 9 {
				t.Fatalf("%d streams", len(streams))
			}
		}
	}
}

func TestStreamGoesOnAfterFinalBlock(t *testing.T) {
	s := stream(t, extensions.DeflateStream{})
	for i := range 5 {
		var z bytes.Buffer
		w, _ := stdflate.NewWriter(&z, 6)
		w.Write(jsonText(100 + i))
		w.Close()
		if got := readAll(t, s, z.Bytes(), 64); !bytes.Equal(got, jsonText(100+i)) {
			t.Fatalf("stream %d reads as %q", i, got)
		}
	}
}

// The output is one stream that Go's inflater reads piece by piece, and that never
// refers back further than its window.
func TestStreamAppends(t *testing.T) {
	for _, bits := range []int{0, 8, 12, 15} {
		sender := stream(t, extensions.DeflateStream{WindowBits: bits})
		receiver := stream(t, extensions.DeflateStream{})
		_, strict := pair(t, extensions.PermessageDeflate{ServerMaxWindowBits: max(bits, 8)})
		pr, pw := io.Pipe()
		go func() {
			r := rand.New(rand.NewSource(1))
			for range 100 {
				p := sample.Message(r, 1+r.Intn(1500))
				out, err := sender.Append([]byte("before"), p)
				if err != nil || !bytes.HasPrefix(out, []byte("before")) {
					t.Errorf("Append: %v", err)
				}
				out = out[len("before"):]
				if got := readAll(t, receiver, out, 1000); !bytes.Equal(got, p) {
					t.Errorf("%d bytes read as %d", len(p), len(got))
				}
				if _, err := strict.DecodeMessage(nil, wire.Binary, wire.RSV1, out, 0); err != nil {
					t.Errorf("%d bits: what was sent needs a bigger window", bits)
				}
				pw.Write(out)
			}
			pw.Close()
		}()
		z := stdflate.NewReader(pr)
		r := rand.New(rand.NewSource(1))
		for range 100 {
			p := sample.Message(r, 1+r.Intn(1500))
			got := make([]byte, len(p))
			if _, err := io.ReadFull(z, got); err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%d bits: Go's inflater reads something else: %v", bits, err)
			}
		}
		if _, err := z.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
			t.Errorf("the stream was ended: %v", err)
		}
	}
}

func TestStreamRefersBack(t *testing.T) {
	s := stream(t, extensions.DeflateStream{})
	first, _ := s.Append(nil, jsonText(200))
	second, _ := s.Append(nil, jsonText(200))
	if len(second) > 20 || len(first) < 60 {
		t.Errorf("200 bytes became %d, then %d", len(first), len(second))
	}
}

func TestStreamRefusesCorruptData(t *testing.T) {
	s := stream(t, extensions.DeflateStream{})
	s.Feed(unhex(t, "f2 48 cd c9 c9 07 00 00 00 ff ff 06"))
	dst := make([]byte, 100)
	n, err := s.Read(dst)
	if string(dst[:n]) != "Hello" || err != nil {
		t.Errorf("Read = %q, %v before the corrupt byte", dst[:n], err)
	}
	for range 2 {
		if n, err := s.Read(dst); n != 0 || !errors.Is(err, wire.ErrStreamData) {
			t.Errorf("Read = %d, %v at the corrupt byte", n, err)
		}
		s.Feed([]byte("more"))
	}
}

// A bomb is decoded only as far as it is read.
func TestStreamBomb(t *testing.T) {
	var z bytes.Buffer
	w, _ := stdflate.NewWriter(&z, 9)
	w.Write(make([]byte, 8<<20))
	w.Flush()
	s := stream(t, extensions.DeflateStream{})
	dst := make([]byte, 1000)
	s.Feed(z.Bytes())
	before := heap()
	for range 1000 {
		if n, err := s.Read(dst); n != len(dst) || err != nil {
			t.Fatalf("Read = %d, %v", n, err)
		}
	}
	if grew := heap() - before; grew > 64<<10 {
		t.Errorf("a stream holds %d bytes for a bomb", grew)
	}
}

func TestStreamMemoryPerConnection(t *testing.T) {
	n := count(1000)
	p := jsonText(40 << 10)
	in, _ := stream(t, extensions.DeflateStream{}).Append(nil, p)
	kept := make([]extensions.Stream, n)
	out, dst := make([]byte, 0, 1<<16), make([]byte, 4096)
	before := heap()
	for i := range kept {
		_, s, _ := extensions.DeflateStream{}.Answer(nil)
		kept[i] = s.Stream
		out, _ = s.Stream.Append(out[:0], p)
		s.Stream.Feed(in)
		for {
			if n, err := s.Stream.Read(dst); err != nil {
				t.Fatal(err)
			} else if n == 0 {
				break
			}
		}
	}
	per := (heap() - before) / n
	for _, s := range kept {
		s.Close()
	}
	t.Logf("%d bytes", per)
	if per > 33<<10 {
		t.Errorf("a connection keeps %d bytes", per)
	}
}

func TestStreamBothWaysAtOnce(t *testing.T) {
	s, peer := stream(t, extensions.DeflateStream{}), stream(t, extensions.DeflateStream{})
	in, _ := peer.Append(nil, jsonText(100_000))
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 100 {
			s.Append(nil, jsonText(1+i))
		}
	})
	wg.Go(func() {
		if got := readAll(t, s, in, 100); !bytes.Equal(got, jsonText(100_000)) {
			t.Error("read something else")
		}
	})
	wg.Wait()
}

func BenchmarkStream(b *testing.B) {
	for _, bits := range []int{8, 12, 15} {
		_, s, _ := extensions.DeflateStream{WindowBits: bits}.Answer(nil)
		p, dst := jsonText(1<<10), make([]byte, 4096)
		var out []byte
		b.Run("append/bits="+string(rune('0'+bits/10))+string(rune('0'+bits%10)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, _ = s.Stream.Append(out[:0], p)
			}
			b.ReportMetric(float64(len(out)), "out-B")
		})
		if bits == 8 {
			_, r, _ := extensions.DeflateStream{}.Answer(nil)
			out, _ = r.Stream.Append(nil, p)
			b.Run("read", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r.Stream.Feed(out)
					for n := 1; n > 0; {
						n, _ = r.Stream.Read(dst)
					}
				}
			})
		}
	}
}
