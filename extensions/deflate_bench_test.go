package extensions_test

import (
	"fmt"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/extensions/internal/sample"
	"github.com/airsocket/airsocket/wire"
)

// jsonText returns n bytes of text that can be compressed.
func jsonText(n int) []byte { return sample.JSON(1, n) }

// BenchmarkDeflate uses a different message each time, as on a real connection.
func BenchmarkDeflate(b *testing.B) {
	for _, takeover := range []bool{false, true} {
		for _, level := range []int{1, 2, 3, 6, 9} {
			for _, n := range []int{128, 256, 1 << 10, 16 << 10} {
				x := extensions.PermessageDeflate{Level: level, Threshold: -1, ServerNoContextTakeover: !takeover, ClientNoContextTakeover: !takeover}
				name := fmt.Sprintf("level=%d/takeover=%v/size=%d", level, takeover, n)
				plain := make([][]byte, 256)
				for i := range plain {
					plain[i] = sample.JSON(uint32(i), n)
				}
				b.Run("encode/"+name, func(b *testing.B) { benchmarkEncode(b, x, plain) })
				if level == 1 {
					b.Run("echo/"+name, func(b *testing.B) { benchmarkEcho(b, x, plain) })
				}
			}
		}
	}
}

func benchmarkEncode(b *testing.B, x extensions.PermessageDeflate, plain [][]byte) {
	server, _ := pair(b, x)
	var out []byte
	i, sum := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		out, _, _ = server.EncodeMessage(out[:0], wire.Text, plain[i%len(plain)])
		i, sum = i+1, sum+len(out)
	}
	b.ReportMetric(float64(sum)/float64(i), "out-B/op")
}

// benchmarkEcho measures a server that echoes messages. The messages were encoded in
// a second round, so that the context also matches from one round to the next.
func benchmarkEcho(b *testing.B, x extensions.PermessageDeflate, plain [][]byte) {
	server, client := pair(b, x)
	sent := make([][]byte, len(plain))
	var rsv wire.RSV
	for range 2 {
		for i, p := range plain {
			sent[i], rsv, _ = client.EncodeMessage(nil, wire.Text, p)
			if rsv == 0 {
				b.Fatal("a message was not compressed")
			}
			if _, err := server.DecodeMessage(nil, wire.Text, rsv, sent[i], 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	var out, in []byte
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		in, _ = server.DecodeMessage(in[:0], wire.Text, rsv, sent[i], 1<<20)
		out, _, _ = server.EncodeMessage(out[:0], wire.Text, in)
		i = (i + 1) % len(sent)
	}
}

// pair negotiates x with itself.
func pair(t testing.TB, x extensions.PermessageDeflate) (server, client wire.MessageExtension) {
	t.Helper()
	list := []extensions.Extension{x}
	answer, s := extensions.Answer(list, extensions.Offers(list))
	c, err := extensions.Accept(list, answer)
	if err != nil || len(s) != 1 || len(c) != 1 {
		t.Fatalf("Accept(%v) = %v, %v; Answer gave %v", answer, c, err, s)
	}
	return s[0].Wire.(wire.MessageExtension), c[0].Wire.(wire.MessageExtension)
}
