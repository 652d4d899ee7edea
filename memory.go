package airsocket

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
	"unsafe"

	"github.com/gobwas/pool"

	"github.com/airsocket/airsocket/wire"
)

// buffers lends memory for what is received in pieces and for what waits to be
// sent, in sizes that are powers of two.
var buffers wire.Memory = &bufferPool{pool: pool.New(minBuffer, maxBuffer)}

const (
	minBuffer = 512
	maxBuffer = 4 << 20 // longer ones are left to the collector
)

type bufferPool struct{ pool *pool.Pool }

func (p *bufferPool) Get(n int) *wire.Buffer {
	if n < minBuffer {
		n = minBuffer
	}
	v, size := p.pool.Get(n)
	if b, ok := v.(*wire.Buffer); ok {
		b.B = b.B[:0]
		return b
	}
	return &wire.Buffer{B: make([]byte, 0, max(n, size))}
}

func (p *bufferPool) Put(b *wire.Buffer) {
	if c := cap(b.B); c >= minBuffer && !b.Shared {
		p.pool.Put(b, 1<<(bits.Len(uint(c))-1)) // the size of which it has enough
	}
}

// readInput is what a reader borrows while there are bytes to read: the bytes, the
// events that are made of them, and what would else be on its stack.
type readInput struct {
	buf     [readSize]byte
	ev      wire.Event // that is being handled
	over    bool       // the connection is
	drained bool       // the last read has left nothing, as far as is known
	ahead   ahead
	message MessageEvent
	ping    PingEvent
	pong    PongEvent
}

const readSize = 64 << 10

var readInputs = sync.Pool{New: func() any { return new(readInput) }}

// maskKey makes masking keys. The generator is ChaCha8, seeded by the system:
// what is sent cannot be foretold from earlier keys (RFC 6455, section 10.3).
func maskKey() (key [4]byte) {
	binary.NativeEndian.PutUint32(key[:], rand.Uint32())
	return key
}

// viewOf is s as bytes, which must not be changed.
func viewOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
