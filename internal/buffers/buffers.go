// Package buffers provides reusable memory for what is received in pieces and for what
// waits to be sent. The sizes of the buffers are powers of two.
package buffers

import (
	"math/bits"

	"github.com/gobwas/pool"

	"github.com/airsocket/airsocket/wire"
)

// Pool is the memory that all connections of the process share.
var Pool wire.Memory = &bufferPool{pool: pool.New(minSize, MaxSize)}

const minSize = 512

// MaxSize is the capacity of the largest buffers that are kept for reuse.
const MaxSize = 4 << 20

// Get returns an empty buffer with room for at least n bytes.
func Get(n int) *wire.Buffer { return Pool.Get(n) }

// Put returns a buffer to the Pool. The caller must not use its memory any more.
func Put(b *wire.Buffer) { Pool.Put(b) }

type bufferPool struct{ pool *pool.Pool }

func (p *bufferPool) Get(n int) *wire.Buffer {
	if n < minSize {
		n = minSize
	}
	v, size := p.pool.Get(n)
	if b, ok := v.(*wire.Buffer); ok {
		b.B = b.B[:0]
		checkGet(b)
		return b
	}
	return &wire.Buffer{B: make([]byte, 0, max(n, size))}
}

func (p *bufferPool) Put(b *wire.Buffer) {
	if c := cap(b.B); c >= minSize && !b.Shared {
		checkPut(b)
		p.pool.Put(b, 1<<(bits.Len(uint(c))-1)) // rounded down to a power of two
	}
}
