package faults

import (
	"fmt"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A countedMemory knows which buffers are in use: neither given back nor collected.
type countedMemory struct {
	wire.Memory
	mu   sync.Mutex
	used map[weak.Pointer[wire.Buffer]]struct{}
}

func (m *countedMemory) Get(n int) *wire.Buffer {
	b := m.Memory.Get(n)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used[weak.Make(b)] = struct{}{}
	return b
}

func (m *countedMemory) Put(b *wire.Buffer) {
	m.mu.Lock()
	delete(m.used, weak.Make(b)) // before others can get it
	m.mu.Unlock()
	m.Memory.Put(b)
}

func (m *countedMemory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.used, func(b weak.Pointer[wire.Buffer], _ struct{}) bool { return b.Value() == nil })
	return len(m.used)
}

var (
	memory  = &countedMemory{Memory: buffers.Pool, used: map[weak.Pointer[wire.Buffer]]struct{}{}}
	sockets atomic.Int64 // those of count that something still refers to
)

func init() { buffers.Pool = memory } // before anything uses it

// count has s counted until nothing refers to it any more: a time that is left in a clock
// keeps its Socket, as does whatever else has not ended.
func count(s *airsocket.Socket) {
	sockets.Add(1)
	runtime.AddCleanup(s, func(n *atomic.Int64) { n.Add(-1) }, &sockets)
}

// A rest is what connections leave behind.
type rest struct {
	wstest.Usage
	heap    int64 // bytes that something refers to
	buffers int   // that something refers to, and nobody has given back
	sockets int64
}

func left(t testing.TB) rest {
	r := rest{Usage: wstest.Used(t), buffers: memory.count(), sockets: sockets.Load()}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.heap = int64(m.HeapAlloc)
	return r
}

// within reports whether r is no more than before. How much is left of the heap must not
// depend on the number of connections. Memory, which counts whole pages, also has what the
// runtime keeps for later: each processor has the stacks of up to 64 goroutines that have
// ended.
func (r rest) within(before rest) bool {
	u := r.Usage
	u.Memory = max(u.Memory-3<<20, 0)
	return u.Within(before.Usage) && r.withinExceptHeap(before) && r.heap <= before.heap+128<<10
}

func (r rest) withinExceptHeap(before rest) bool {
	u := r.Usage
	u.Memory = before.Memory
	return u.Within(before.Usage) && r.buffers <= before.buffers && r.sockets <= before.sockets
}

func (r rest) String() string {
	return fmt.Sprintf("%v, %d KiB in the heap, %d buffers, %d sockets", r.Usage, r.heap>>10, r.buffers, r.sockets)
}
