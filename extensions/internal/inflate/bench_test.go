package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"io"
	"slices"
	"testing"
	"time"

	kpflate "github.com/klauspost/compress/flate"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
)

// BenchmarkInflateShapes inflates every shape with this package, with compress/flate
// and with klauspost's flate. It runs them in turn, so that other load on the
// machine affects all three, and reports the median of each in MB/s of the output,
// or of the input where there is no output. The other two packages run under the
// best conditions: their readers are reused, the input is in one piece, and they
// read into a buffer of the right size.
func BenchmarkInflateShapes(b *testing.B) {
	for _, s := range inflateShapes(1 << 20) {
		b.Run(s.name, func(b *testing.B) { benchmarkShape(b, s) })
	}
}

func benchmarkShape(b *testing.B, s shape) {
	std, kp := peerReader(stdflate.NewReader(nil)), peerReader(kpflate.NewReader(nil))
	payloads, ended := make([][]byte, len(s.messages)), make([][]byte, len(s.messages))
	size, longest, n := 0, 0, 0
	for i, p := range s.messages {
		payloads[i] = bytes.TrimSuffix(p, []byte(flushed))
		ended[i] = append(bytes.Clone(p), "\x01\x00\x00\xff\xff"...)
		size, longest = size+len(s.plain[i]), max(longest, len(s.plain[i]))
		n += len(p)
	}
	if size == 0 {
		size = n
	}
	room := make([]byte, longest+1)
	peer := func(z func(p, room []byte) int) func() {
		return func() {
			for i, p := range ended {
				if n := z(p, room); n != len(s.plain[i]) {
					b.Fatalf("a peer reads %d bytes, want %d", n, len(s.plain[i]))
				}
			}
		}
	}
	all := []func(){func() {
		for i, p := range payloads {
			if got, err := inflate.Append(room[:0], p, inflate.MaxWindow, nil, len(room)); len(got) != len(s.plain[i]) {
				b.Fatalf("%d bytes, %v, want %d", len(got), err, len(s.plain[i]))
			}
		}
	}, peer(std), peer(kp)}

	took := make([][]time.Duration, len(all))
	for range 2 {
		for _, f := range all {
			f()
		}
	}
	for b.Loop() {
		for i, f := range all {
			start := time.Now()
			f()
			took[i] = append(took[i], time.Since(start))
		}
	}
	var rate [3]float64
	for i := range all {
		slices.Sort(took[i])
		rate[i] = float64(size) / 1e6 / took[i][len(took[i])/2].Seconds()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate[0], "MB/s:ours")
	b.ReportMetric(rate[1], "MB/s:compress/flate")
	b.ReportMetric(rate[2], "MB/s:klauspost")
	b.ReportMetric(rate[0]/rate[1], "×compress/flate")
	b.ReportMetric(rate[0]/rate[2], "×klauspost")
}

// peerReader returns a function that inflates with z, a reader of either of the other
// packages.
func peerReader(z io.ReadCloser) func(p, room []byte) int {
	var in bytes.Reader
	return func(p, room []byte) (n int) {
		in.Reset(p)
		z.(stdflate.Resetter).Reset(&in, nil)
		for {
			m, err := z.Read(room[n:])
			n += m
			if err == io.EOF {
				return n
			}
			if err != nil {
				return -1
			}
		}
	}
}

// BenchmarkInflateBomb inflates 16 KiB to 16 MiB without any prepared buffer: with
// this package, and with compress/flate and io.ReadAll.
func BenchmarkInflateBomb(b *testing.B) {
	const size = 16 << 20
	s := compressed("", stdflate.BestCompression, size, make([]byte, size))
	payload := bytes.TrimSuffix(s.messages[0], []byte(flushed))
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(size)
		for b.Loop() {
			if got, err := inflate.Append(nil, payload, inflate.MaxWindow, nil, size); len(got) != size {
				b.Fatal(err)
			}
		}
	})
	b.Run("compress/flate", func(b *testing.B) {
		z := stdflate.NewReader(nil)
		b.ReportAllocs()
		b.SetBytes(size)
		for b.Loop() {
			z.(stdflate.Resetter).Reset(io.MultiReader(bytes.NewReader(payload), bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))), nil)
			if got, err := io.ReadAll(z); len(got) != size {
				b.Fatal(err)
			}
		}
	})
}
