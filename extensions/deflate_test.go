package extensions_test

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/extensions/internal/sample"
	"github.com/airsocket/airsocket/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of RFC 7692, section 7.2.3, and variants that peers send.
func TestDeflateDecodesExamples(t *testing.T) {
	for _, tt := range []struct{ name, payloads, want string }{
		{"7.2.3.1", "f2 48 cd c9 c9 07 00", "Hello"},
		{"7.2.3.2 with takeover", "f2 48 cd c9 c9 07 00, f2 00 11 00 00", "Hello Hello"},
		{"7.2.3.2 without", "f2 48 cd c9 c9 07 00, f2 48 cd c9 c9 07 00", "Hello Hello"},
		{"7.2.3.3 stored", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
		{"7.2.3.4 BFINAL", "f3 48 cd c9 c9 07 00 00", "Hello"},
		{"7.2.3.5 two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"},
		{"7.2.3.6 empty", "00", ""},
		{"no bytes at all", "", ""},
		{"BFINAL and no more", "f3 48 cd c9 c9 07 00", "Hello"},
		{"BFINAL, then another stream", "f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00", "HelloHello"},
		{"the tail was not removed", "f2 48 cd c9 c9 07 00 00 00 ff ff", "Hello"},
		{"stored BFINAL block", "01 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
	} {
		_, client := pair(t, extensions.PermessageDeflate{})
		var got []string
		for p := range strings.SplitSeq(tt.payloads, ",") {
			m, err := client.DecodeMessage(nil, wire.Text, wire.RSV1, unhex(t, p), 0)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			got = append(got, string(m))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestDeflateRefusesCorruptData(t *testing.T) {
	for _, tt := range []struct{ name, payload string }{
		{"reserved block type", "06"},
		{"stored length does not fit its complement", "00 05 00 fa fe 48 65 6c 6c 6f 00"},
		{"stored block is cut off", "00 05 00 fa ff 48 65"},
		{"fixed block is cut off", "f2 48 cd c9"},
		{"garbage after the end", "f2 48 cd c9 c9 07 00 12 34 56 78"},
		{"one byte after the end", "f2 48 cd c9 c9 07 00 00"},
		{"distance before the beginning", "f2 00 11 00 00"},
		{"length symbol 286", "1b 03 00"},
		{"dynamic block with 287 lengths", "f4 ff ff ff"},
		{"code lengths over-subscribed", "04 00 fe ff ff ff ff"},
		{"code lengths none", "04 00 00 00 00 00 00"},
	} {
		_, client := pair(t, extensions.PermessageDeflate{})
		if m, err := client.DecodeMessage(nil, wire.Text, wire.RSV1, unhex(t, tt.payload), 0); !errors.Is(err, wire.ErrExtensionData) {
			t.Errorf("%s: %q, %v", tt.name, m, err)
		}
	}
}

func TestDeflateRefusesDistanceBeyondWindow(t *testing.T) {
	again, between := make([]byte, 200), make([]byte, 100)
	r := rand.New(rand.NewSource(1))
	r.Read(again)
	var z bytes.Buffer
	w, _ := stdflate.NewWriter(&z, 9)
	for range 20 { // matches of distance 300
		r.Read(between)
		w.Write(append(between, again...))
	}
	r.Read(between)
	w.Write(between)
	w.Flush()
	payload := bytes.TrimSuffix(z.Bytes(), []byte{0, 0, 0xff, 0xff})
	for bits, want := range map[int]error{8: wire.ErrExtensionData, 15: nil} {
		_, client := pair(t, extensions.PermessageDeflate{ServerMaxWindowBits: bits})
		if _, err := client.DecodeMessage(nil, wire.Binary, wire.RSV1, payload, 0); !errors.Is(err, want) {
			t.Errorf("%d bits: %v, want %v", bits, err, want)
		}
	}
}

func TestDeflateLeavesMessages(t *testing.T) {
	random := make([]byte, 1000)
	rand.New(rand.NewSource(1)).Read(random)
	text := []byte(strings.Repeat("to be or not ", 100))
	for _, tt := range []struct {
		name      string
		threshold int
		p         []byte
		want      wire.RSV
	}{
		{"short", 0, text[:extensions.DefaultThreshold-1], 0},
		{"long enough", 0, text[:extensions.DefaultThreshold], wire.RSV1},
		{"below a threshold", 1000, text[:999], 0},
		{"at a threshold", 1000, text[:1000], wire.RSV1},
		{"short without a threshold", -1, text[:100], wire.RSV1},
		{"empty without a threshold", -1, nil, wire.RSV1},
		{"incompressible", -1, random, 0},
	} {
		server, client := pair(t, extensions.PermessageDeflate{Threshold: tt.threshold})
		for range 2 {
			out, rsv, err := server.EncodeMessage(nil, wire.Text, tt.p)
			if err != nil || rsv != tt.want {
				t.Fatalf("%s: %v, %v, want bits %v", tt.name, rsv, err, tt.want)
			}
			if rsv == 0 {
				if len(tt.p) > 0 && &out[0] != &tt.p[0] {
					t.Errorf("%s: an unchanged message is returned as a copy", tt.name)
				}
				continue
			}
			if m, err := client.DecodeMessage(nil, wire.Text, rsv, out, len(tt.p)); err != nil || !bytes.Equal(m, tt.p) {
				t.Errorf("%s: %q, %v", tt.name, m, err)
			}
		}
	}
}

// Every combination of takeover and of window sizes, in both directions, with
// messages of up to 128 KiB. Go's inflater reads each message, too, with the context
// of all previous messages.
func TestDeflateRoundTrips(t *testing.T) {
	sizes := []int{16, 64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10}
	for noTakeover := range 4 {
		for bits := 8; bits <= 15; bits++ {
			x := extensions.PermessageDeflate{
				ServerNoContextTakeover: noTakeover&1 != 0, ClientNoContextTakeover: noTakeover&2 != 0,
				ServerMaxWindowBits: bits, ClientMaxWindowBits: 23 - bits, Level: 1 + bits%6, Threshold: -1,
			}
			t.Run(fmt.Sprintf("%02b/%d", noTakeover, bits), func(t *testing.T) {
				t.Parallel()
				server, client := pair(t, x)
				r := rand.New(rand.NewSource(int64(bits)))
				down := &reference{takeover: !x.ServerNoContextTakeover}
				up := &reference{takeover: !x.ClientNoContextTakeover}
				for i := range count(60) {
					n := sizes[i%len(sizes)]
					if i >= len(sizes) {
						n = 1 + r.Intn(2000)
					}
					p := sample.Message(r, n)
					roundTrip(t, server, client, p, down)
					roundTrip(t, client, server, p, up)
				}
			})
		}
	}
}

// count returns n, or less with the race detector, which makes pools drop
// compressors.
func count(n int) int {
	if raceEnabled {
		return n / 5
	}
	return n
}

func TestDeflateManyMessages(t *testing.T) {
	for _, noTakeover := range []bool{false, true} {
		for _, bits := range []int{8, 11, 15} {
			server, client := pair(t, extensions.PermessageDeflate{ServerMaxWindowBits: bits, ServerNoContextTakeover: noTakeover})
			ref := &reference{takeover: !noTakeover}
			r := rand.New(rand.NewSource(1))
			for range count(1000) {
				roundTrip(t, server, client, sample.Message(r, 16+r.Intn(400)), ref)
			}
		}
	}
}

func roundTrip(t *testing.T, from, to wire.MessageExtension, p []byte, ref *reference) {
	t.Helper()
	prefix := []byte("before")
	out, rsv, err := from.EncodeMessage(prefix, wire.Binary, p)
	if err != nil {
		t.Fatal(err)
	}
	if rsv == 0 {
		if !bytes.Equal(out, p) {
			t.Fatal("a message that was not compressed was changed")
		}
		return
	}
	if !bytes.HasPrefix(out, prefix) {
		t.Fatal("EncodeMessage changed what it appends to")
	}
	payload := out[len(prefix):]
	if len(payload) >= max(len(p), 2) {
		t.Fatalf("%d bytes became %d", len(p), len(payload))
	}
	if got, err := ref.read(payload); err != nil || !bytes.Equal(got, p) {
		t.Fatalf("Go's inflater reads %d bytes that are not the %d that were sent: %v", len(got), len(p), err)
	}
	m, err := to.DecodeMessage(prefix, wire.Binary, rsv, payload, len(p))
	if err != nil || !bytes.Equal(m, append(prefix, p...)) {
		t.Fatalf("%d bytes came back as %d: %v", len(p), len(m)-len(prefix), err)
	}
}

// reference is Go's inflater, with the context of all messages.
type reference struct {
	takeover bool
	past     []byte
}

func (r *reference) read(payload []byte) ([]byte, error) {
	end := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
	z := stdflate.NewReaderDict(io.MultiReader(bytes.NewReader(payload), end), r.past)
	p, err := io.ReadAll(z)
	if r.takeover {
		r.past = append(r.past, p...)
		r.past = r.past[max(0, len(r.past)-1<<15):]
	}
	return p, err
}

// With takeover, a message that repeats the previous one becomes much shorter.
func TestDeflateTakesContextOver(t *testing.T) {
	for _, level := range []int{1, 6, 9} {
		for _, bits := range []int{9, 15} {
			for _, n := range []int{extensions.DefaultThreshold, 400} {
				server, _ := pair(t, extensions.PermessageDeflate{Level: level, ServerMaxWindowBits: bits, Threshold: -1})
				p := jsonText(n)
				first, _, _ := server.EncodeMessage(nil, wire.Text, p)
				second, _, _ := server.EncodeMessage(nil, wire.Text, p)
				if len(second) > 20 || len(first) < 60 {
					t.Errorf("level %d, %d bits: %d bytes became %d, then %d", level, bits, n, len(first), len(second))
				}
			}
		}
	}
}

// A connection with little traffic keeps little memory.
func TestDeflateMemoryGrows(t *testing.T) {
	kept := make([]wire.MessageExtension, count(1000))
	p := jsonText(400)
	kept[0], _ = pair(t, extensions.PermessageDeflate{})
	out, _, _ := kept[0].EncodeMessage(nil, wire.Text, p)
	in := make([]byte, 0, 1000)
	before := heap()
	for i := range kept {
		_, s, _ := extensions.PermessageDeflate{}.Answer(nil)
		kept[i] = s.Wire.(wire.MessageExtension)
		out, _, _ = kept[i].EncodeMessage(out[:0], wire.Text, p)
		in, _ = kept[i].DecodeMessage(in[:0], wire.Text, wire.RSV1, out, 0)
	}
	per := (heap() - before) / len(kept)
	runtime.KeepAlive(kept)
	runtime.KeepAlive([][]byte{p, in, out})
	t.Logf("%d bytes", per)
	if per > 1300 {
		t.Errorf("a connection keeps %d bytes for two messages of %d", per, len(p))
	}
}

// A bomb of 10 GiB is rejected at the limit, without decoding more of it.
func TestDeflateBomb(t *testing.T) {
	var z bytes.Buffer
	w, _ := stdflate.NewWriter(&z, 9)
	w.Write(make([]byte, 1<<20))
	w.Flush()
	mebibyte := z.Bytes()
	bomb := bytes.Repeat(mebibyte, 10<<10)
	_, client := pair(t, extensions.PermessageDeflate{})
	const limit = 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := client.DecodeMessage(nil, wire.Binary, wire.RSV1, bomb, limit)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, wire.ErrMessageTooBig) {
		t.Errorf("a bomb gives %d bytes, %v", len(m), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 3*limit {
		t.Errorf("a bomb took %d bytes of memory with a limit of %d", took, limit)
	}
}

func TestDeflateLimitIsExact(t *testing.T) {
	for _, n := range []int{1, 100, 5000, 70000} {
		for _, p := range [][]byte{make([]byte, n), jsonText(n)} {
			server, _ := pair(t, extensions.PermessageDeflate{Threshold: -1, ServerNoContextTakeover: true})
			out, rsv, _ := server.EncodeMessage(nil, wire.Text, p)
			if rsv == 0 {
				out = append([]byte{0, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, p...)
				out = append(out, 0)
			}
			for _, room := range []int{0, n / 2, n, 2 * n} {
				_, client := pair(t, extensions.PermessageDeflate{})
				if m, err := client.DecodeMessage(make([]byte, 0, room), wire.Text, wire.RSV1, out, n); err != nil || !bytes.Equal(m, p) {
					t.Errorf("%d bytes with a limit of the same length: %d, %v", n, len(m), err)
				}
				if n == 1 {
					continue // a limit of zero means no limit
				}
				if _, err := client.DecodeMessage(make([]byte, 0, room), wire.Text, wire.RSV1, out, n-1); !errors.Is(err, wire.ErrMessageTooBig) {
					t.Errorf("%d bytes with a limit of %d: %v", n, n-1, err)
				}
			}
		}
	}
}

func TestDeflateBothWaysAtOnce(t *testing.T) {
	server, client := pair(t, extensions.PermessageDeflate{})
	to, back := make(chan []byte, 16), make(chan []byte, 16)
	var wg sync.WaitGroup
	send := func(e wire.MessageExtension, c chan<- []byte) {
		defer wg.Done()
		defer close(c)
		for i := range 200 {
			out, _, _ := e.EncodeMessage(nil, wire.Text, jsonText(200+i))
			c <- out
		}
	}
	receive := func(e wire.MessageExtension, c <-chan []byte) {
		defer wg.Done()
		i := 0
		for p := range c {
			if m, err := e.DecodeMessage(nil, wire.Text, wire.RSV1, p, 0); err != nil || !bytes.Equal(m, jsonText(200+i)) {
				t.Errorf("message %d: %v", i, err)
			}
			i++
		}
	}
	wg.Add(4)
	go send(server, to)
	go receive(client, to)
	go send(client, back)
	go receive(server, back)
	wg.Wait()
}

// The memory of a connection after messages in both directions.
func TestDeflateMemoryPerConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		x    extensions.PermessageDeflate
		most int
	}{
		{"takeover", extensions.PermessageDeflate{}, 37 << 10},
		{"takeover at level 6", extensions.PermessageDeflate{Level: 6}, 66 << 10},
		{"takeover of 1 KiB", extensions.PermessageDeflate{ServerMaxWindowBits: 10, ClientMaxWindowBits: 10}, 2300},
		{"no takeover", extensions.PermessageDeflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true}, 64},
	} {
		n := count(1000)
		p := jsonText(40 << 10)
		peer, _ := pair(t, extensions.PermessageDeflate{ServerNoContextTakeover: true, ServerMaxWindowBits: tt.x.ClientMaxWindowBits})
		in, _, _ := peer.EncodeMessage(nil, wire.Text, p)
		kept := make([]wire.Extension, n)
		offer := tt.x.Offer()[0]
		out, back := make([]byte, 0, len(p)), make([]byte, 0, len(p))
		before := heap()
		for i := range kept {
			_, s, _ := tt.x.Answer(offer)
			kept[i] = s.Wire
			e := s.Wire.(wire.MessageExtension)
			out, _, _ = e.EncodeMessage(out[:0], wire.Text, p)
			var err error
			if back, err = e.DecodeMessage(back[:0], wire.Text, wire.RSV1, in, 0); err != nil {
				t.Fatal(err)
			}
		}
		per := (heap() - before) / n
		runtime.KeepAlive(kept)
		runtime.KeepAlive([][]byte{p, in, out, back})
		t.Logf("%s: %d bytes", tt.name, per)
		if per > tt.most {
			t.Errorf("%s: a connection keeps %d bytes, more than %d", tt.name, per, tt.most)
		}
	}
}

// heap returns the size of the heap after all pools have been emptied.
func heap() int {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestDeflateAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop their contents")
	}
	for _, noTakeover := range []bool{false, true} {
		server, client := pair(t, extensions.PermessageDeflate{ServerNoContextTakeover: noTakeover, ClientNoContextTakeover: noTakeover})
		p := jsonText(1 << 10)
		var out, in []byte
		echo := func() {
			var rsv wire.RSV
			out, rsv, _ = client.EncodeMessage(out[:0], wire.Text, p)
			in, _ = server.DecodeMessage(in[:0], wire.Text, rsv, out, 1<<20)
		}
		for range 100 {
			echo()
		}
		if n := testing.AllocsPerRun(100, echo); n != 0 {
			t.Errorf("no takeover %v: a message allocates %v times", noTakeover, n)
		}
	}
}
