package extensions_test

import (
	"fmt"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// jsonText is n bytes of JSON that is neither random nor the same over and over.
func jsonText(n int) []byte {
	var b []byte
	x := uint32(1)
	for id := 0; len(b) < n; id++ {
		x = x*1664525 + 1013904223
		b = fmt.Appendf(b, `{"id":%d,"user":"user-%x","price":%d.%02d,"active":%t},`, id, x, x>>22, x>>25%100, x>>31 == 0)
	}
	return b[:n]
}

func BenchmarkDeflate(b *testing.B) {
	for _, takeover := range []bool{false, true} {
		for _, level := range []int{1, 2, 3, 5, 6, 9} {
			for _, n := range []int{128, 256, 512, 1 << 10, 16 << 10} {
				server, client := pair(b, extensions.PermessageDeflate{Level: level, Threshold: -1, ServerNoContextTakeover: !takeover, ClientNoContextTakeover: !takeover})
				p := jsonText(n)
				var out, in []byte
				name := fmt.Sprintf("level=%d/takeover=%v/size=%d", level, takeover, n)
				b.Run("encode/"+name, func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(int64(n))
					for b.Loop() {
						out, _, _ = server.EncodeMessage(out[:0], wire.Text, p)
					}
					b.ReportMetric(float64(len(out)), "out-B")
				})
				if takeover || level > 1 {
					continue
				}
				out, _, _ = server.EncodeMessage(nil, wire.Text, p)
				b.Run("decode/"+name, func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(int64(n))
					for b.Loop() {
						in, _ = client.DecodeMessage(in[:0], wire.Text, wire.RSV1, out, 0)
					}
				})
			}
		}
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
