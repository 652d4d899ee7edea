package airsocket_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// BenchmarkEcho measures the round trip of a binary message over TCP on loopback.
// The client is part of the measurement and does as little as possible.
func BenchmarkEcho(b *testing.B) {
	for _, mode := range []string{"default", "parallel"} {
		for _, size := range []int{16, 1 << 10, 64 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", mode, size), func(b *testing.B) {
				opts := &airsocket.Options{Parallel: mode == "parallel"}
				benchmarkEcho(b, opts, size, 1)
			})
		}
	}
}

// BenchmarkPipelinedEcho is like BenchmarkEcho with sixteen messages in flight.
func BenchmarkPipelinedEcho(b *testing.B) {
	for _, mode := range []string{"default", "parallel"} {
		for _, size := range []int{16, 125, 1 << 10} {
			b.Run(fmt.Sprintf("%s/%d", mode, size), func(b *testing.B) {
				opts := &airsocket.Options{Parallel: mode == "parallel"}
				benchmarkEcho(b, opts, size, 16)
			})
		}
	}
}

func benchmarkEcho(b *testing.B, opts *airsocket.Options, size, together int) {
	p := wstest.ConnectRaw(b, wstest.ServeEcho(b, opts))
	batch := []byte(strings.Repeat(string(p.Frame(wstest.OpBinary, strings.Repeat("x", size))), together))
	back := make([]byte, len(batch)-4*together)
	b.SetBytes(int64(size * together))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Write(batch); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(p.Reader, back); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*together), "ns/message")
}
