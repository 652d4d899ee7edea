//go:build race

package buffers_test

import (
	"testing"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

func panics(fn func()) (v any) {
	defer func() { v = recover() }()
	fn()
	return nil
}

// The race detector shows who gives back memory twice, as two connections would share it then.
func TestPutTwice(t *testing.T) {
	b := buffers.Get(100)
	again := &wire.Buffer{B: b.B}
	buffers.Put(b)
	if panics(func() { buffers.Put(again) }) == nil {
		t.Error("memory can be given back twice")
	}
}

// The same for who uses memory that was given back.
func TestWriteAfterPut(t *testing.T) {
	for range 50 { // because the pool may lose a buffer
		b := buffers.Get(1 << 20)
		p := b.B[:1]
		buffers.Put(b)
		p[0]++
		if panics(func() { buffers.Get(1 << 20) }) != nil {
			return
		}
	}
	t.Error("memory can be written to after it was given back")
}
