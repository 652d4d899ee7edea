//go:build race

package buffers

import (
	"bytes"
	"crypto/rand"

	"github.com/airsocket/airsocket/wire"
)

// spoiled is what programs that the race detector checks find in memory that they have given
// back: nobody sends or receives it by chance.
var spoiled = func() []byte {
	p := make([]byte, minSize)
	rand.Read(p)
	return p
}()

func start(b *wire.Buffer) []byte { return b.B[:minSize:minSize] }

// checkPut spoils what is given back, and finds out if it was before. For the race detector it
// is a write, so that it reports who still uses b.
func checkPut(b *wire.Buffer) {
	if bytes.Equal(start(b), spoiled) {
		panic("buffers: the same memory was given back twice")
	}
	copy(start(b), spoiled)
}

// checkGet finds out if b was written to after it was given back.
func checkGet(b *wire.Buffer) {
	if !bytes.Equal(start(b), spoiled) {
		panic("buffers: memory was written to after it was given back")
	}
	clear(start(b))
}
