package buffers_test

import (
	"testing"
	"unsafe"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// A buffer is empty and has room for what was asked for: a power of two, up to the
// longest that is kept.
func TestGet(t *testing.T) {
	for _, c := range []struct{ n, want int }{
		{0, 512}, {1, 512}, {512, 512}, {513, 1024}, {1 << 20, 1 << 20}, {1<<20 + 1, 2 << 20},
		{buffers.MaxSize, buffers.MaxSize}, {buffers.MaxSize + 1, buffers.MaxSize + 1}, {10 << 20, 10 << 20},
	} {
		b := buffers.Get(c.n)
		if len(b.B) != 0 || cap(b.B) < c.n || cap(b.B) < c.want || cap(b.B) > c.want+c.want/4 {
			t.Errorf("Get(%d): length %d, capacity %d, want 0, %d", c.n, len(b.B), cap(b.B), c.want)
		}
		buffers.Put(b)
	}
}

// isKept reports whether some of many buffers with this capacity are lent again to who
// asks for n bytes. The pool may lose any of them.
func isKept(t *testing.T, capacity, n int, shared bool) bool {
	t.Helper()
	put := map[*byte]bool{}
	var mine [][]byte // which keeps the collector from using the memory again
	for range 50 {
		b := &wire.Buffer{B: make([]byte, capacity/2, capacity), Shared: shared}
		put[unsafe.SliceData(b.B)] = true
		mine = append(mine, b.B)
		buffers.Put(b)
		got := buffers.Get(n)
		if len(got.B) != 0 || cap(got.B) < n {
			t.Errorf("Get(%d): length %d, capacity %d", n, len(got.B), cap(got.B))
		}
		if put[unsafe.SliceData(got.B)] {
			return true
		}
	}
	return len(mine) == 0
}

// What is taken back is lent again, empty, to who needs no more than it has room for.
func TestPut(t *testing.T) {
	for _, c := range []struct {
		capacity, n int
		want        bool
	}{
		{512, 512, true},
		{4096, 4096, true},
		{4096, 2049, true},
		{5000, 4096, true}, // an odd capacity counts as the power of two that it has enough for
		{buffers.MaxSize, buffers.MaxSize, true},

		{5000, 4097, false},
		{4095, 4096, false},
		{511, 0, false},
		{0, 0, false},
		{buffers.MaxSize + 1, buffers.MaxSize + 1, false},
		{2 * buffers.MaxSize, 2 * buffers.MaxSize, false},
		{2 * buffers.MaxSize, buffers.MaxSize, false},
	} {
		if got := isKept(t, c.capacity, c.n, false); got != c.want {
			t.Errorf("of a capacity of %d, for %d bytes: kept is %v", c.capacity, c.n, got)
		}
	}
}

// What somebody else has too is never lent again.
func TestPutShared(t *testing.T) {
	for _, capacity := range []int{512, 4096, buffers.MaxSize} {
		if isKept(t, capacity, capacity, true) {
			t.Errorf("a shared buffer with a capacity of %d is kept", capacity)
		}
	}
}

// All users share one pool.
func TestPool(t *testing.T) {
	b := buffers.Pool.Get(600)
	if cap(b.B) != 1024 {
		t.Errorf("capacity %d", cap(b.B))
	}
	buffers.Pool.Put(b)
}
