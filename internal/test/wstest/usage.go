package wstest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A Usage is what a process uses.
type Usage struct {
	Descriptors, Goroutines int
	Memory                  int64 // bytes that are in use after a garbage collection
}

// Used returns what this process uses. It skips the test if that cannot be told.
func Used(t testing.TB) Usage {
	t.Helper()
	runtime.GC()
	runtime.GC() // empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Usage{len(OpenFiles(t)), runtime.NumGoroutine(), int64(m.HeapInuse + m.StackInuse)}
}

// Goroutines starts n goroutines that exist at the same time, and returns when all have ended.
// The runtime keeps about half a KiB of each for those that come later, and never frees it.
// What a process uses at rest thus depends on how many goroutines it had at the same time,
// and that depends on the machine. A test that compares what is used before and after calls
// Goroutines first, with a larger number than it needs itself.
func Goroutines(n int) {
	var wg sync.WaitGroup
	over := make(chan struct{})
	for range n {
		wg.Go(func() { <-over })
	}
	close(over)
	wg.Wait()
}

// Within reports whether u is no more than before, but for a little that varies.
func (u Usage) Within(before Usage) bool {
	const workers = 4 // there may be more or fewer of them
	return u.Descriptors <= before.Descriptors && u.Goroutines <= before.Goroutines+workers && u.Memory <= before.Memory+1<<20
}

// String returns a text with all that is used.
func (u Usage) String() string {
	return fmt.Sprintf("%d descriptors, %d goroutines, %d KiB", u.Descriptors, u.Goroutines, u.Memory>>10)
}

// OpenFiles returns the descriptors of this process, with what they are.
func OpenFiles(t testing.TB) map[int]string {
	t.Helper()
	files := map[int]string{}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be listed here: ", err)
	}
	for _, e := range entries {
		fd, _ := strconv.Atoi(e.Name())
		if what, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err == nil {
			files[fd] = what
		}
	}
	return files
}

// Eventually calls is until it returns true. It fails the test with the result of say if
// that takes too long.
func Eventually(t testing.TB, is func() bool, say func() string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(Patience); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal(say())
		}
		runtime.Gosched()
	}
}
