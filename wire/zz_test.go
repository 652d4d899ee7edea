package wire
import ("testing";"fmt";"strings";"math/rand")
func BenchmarkZZ(b *testing.B) {
	for _, t := range benchTexts {
		if t.name=="german" || t.name=="russian" {continue}
		for _, n := range []int{16, 24, 32, 40, 48, 56, 63} {
			p := []byte(strings.Repeat(t.unit, n/len(t.unit)+1))[:n]
			b.Run(fmt.Sprintf("walk/%s/%d", t.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() { textWhole.walk(p) }
			})
			if n >= 40 {
			b.Run(fmt.Sprintf("blocks/%s/%d", t.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() { textWhole.afterBlocks(p) }
			})
			}
		}
	}
	for _, every := range []int{10, 40,80, 160, 400} {
		rnd := rand.New(rand.NewSource(1))
		var s string
		for len(s) < 16384 { if rnd.Intn(every)==0 { s+="é" } else {s+="e"} }
		p := []byte(s)
			b.Run(fmt.Sprintf("mixed/%d", every), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() { textWhole.afterBlocks(p) }
			})
	}
}
