package extensions_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/extensions/internal/sample"
	"github.com/airsocket/airsocket/wire"
)

// encodeParts compresses a message in parts that end at the given lengths.
func encodeParts(t *testing.T, from wire.MessageExtension, p []byte, ends []int) []byte {
	t.Helper()
	x := from.(wire.PartExtension)
	var payload []byte
	done := 0
	for i, end := range ends {
		f := wire.Frame{Kind: wire.Binary, Cont: i > 0, More: i < len(ends)-1}
		out, rsv, err := x.EncodePart([]byte("before"), f, p[done:end])
		part, ok := bytes.CutPrefix(out, []byte("before"))
		if err != nil || !ok || i == 0 && rsv != wire.RSV1 {
			t.Fatalf("part %d: %x, %v", i, rsv, err)
		}
		if f.More && end == done && len(part) > 0 {
			t.Fatalf("an empty part became %d bytes", len(part))
		}
		payload = append(payload, part...)
		done = end
	}
	return payload
}

// TestDeflateParts checks that the parts of a message together are one DEFLATE stream,
// which Go's inflater reads too, with every window and with messages of all kinds in turn.
func TestDeflateParts(t *testing.T) {
	for _, noTakeover := range []bool{false, true} {
		for bits := 8; bits <= 15; bits++ {
			t.Run(fmt.Sprint(noTakeover, bits), func(t *testing.T) {
				t.Parallel()
				server, client := pair(t, extensions.PermessageDeflate{
					ServerNoContextTakeover: noTakeover, ServerMaxWindowBits: bits, Level: 1 + bits%6, Threshold: 200,
				})
				r := rand.New(rand.NewSource(int64(bits)))
				ref := &reference{takeover: !noTakeover}
				sizes := []int{0, 1, 125, 64 << 10, 1 << 20}
				for i := range count(100) {
					n := r.Intn(5000)
					if i < len(sizes) {
						n = sizes[i]
					}
					p := sample.Message(r, max(n, 1))[:n]
					ends := []int{0}
					for ends[len(ends)-1] < n {
						ends = append(ends, min(ends[len(ends)-1]+1+r.Intn(n), n))
					}
					if i%2 == 0 {
						ends = append(ends, n) // the last part is empty
					}
					if len(ends) == 1 {
						ends = append(ends, n)
					}
					payload := encodeParts(t, server, p, ends)
					if got, err := ref.read(payload); err != nil || !bytes.Equal(got, p) {
						t.Fatalf("Go's inflater reads %d bytes that are not the %d that were sent: %v", len(got), n, err)
					}
					m, err := client.DecodeMessage(nil, wire.Binary, wire.RSV1, payload, n)
					if err != nil || !bytes.Equal(m, p) {
						t.Fatalf("%d bytes came back as %d: %v", n, len(m), err)
					}
					roundTrip(t, server, client, sample.Message(r, 1+r.Intn(500)), ref)
				}
			})
		}
	}
}

// TestDeflatePartsShareContext checks that a part refers to the parts before it, that
// after the message only a context that is taken over is kept, and that a message in
// parts refers to it.
func TestDeflatePartsShareContext(t *testing.T) {
	p := jsonText(400)
	twice := append(bytes.Clone(p), p...)
	for _, noTakeover := range []bool{false, true} {
		server, _ := pair(t, extensions.PermessageDeflate{ServerNoContextTakeover: noTakeover, Threshold: -1})
		fresh, _ := pair(t, extensions.PermessageDeflate{Threshold: -1})
		whole, _, _ := fresh.EncodeMessage(nil, wire.Text, p)
		if got := encodeParts(t, server, twice, []int{len(p), len(twice)}); len(got) > len(whole)+30 {
			t.Errorf("a repeated part takes %d bytes", len(got)-len(whole))
		}
		got, _, _ := server.EncodeMessage(nil, wire.Text, p)
		again := encodeParts(t, server, p, []int{200, 400})
		if noTakeover && (!bytes.Equal(got, whole) || len(again) < len(whole)) || !noTakeover && (len(got) > 20 || len(again) > 30) {
			t.Errorf("no takeover %v: %d bytes, and %d in parts, instead of %d", noTakeover, len(got), len(again), len(whole))
		}
	}
}

// TestDeflatePartsExample checks the form of RFC 7692, section 7.2.3.1: an empty last part
// is the header of an empty block.
func TestDeflatePartsExample(t *testing.T) {
	server, _ := pair(t, extensions.PermessageDeflate{})
	got := encodeParts(t, server, []byte("Hello"), []int{0, 5, 5, 5})
	if !strings.HasSuffix(string(got), "\x00\x00\xff\xff\x00") {
		t.Errorf("%x", got)
	}
}
