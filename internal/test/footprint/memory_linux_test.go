//go:build !race && !portable

package footprint

import (
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMemoryOfAnIdleConnection checks how much memory a connection takes that waits for
// workers after an echo.
func TestMemoryOfAnIdleConnection(t *testing.T) {
	const conns, most = 4000, 768
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen} {
		for _, parallel := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/parallel=%v", way, parallel), func(t *testing.T) {
				srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel}})
				addr := wstest.HostOf(wstest.ServeWay(t, srv, way))
				// The other ends are only descriptors, which take no memory of this process.
				buf := make([]byte, 1024)
				fds := make([]descriptor, 0, 100+conns)
				t.Cleanup(func() {
					for _, fd := range fds {
						syscall.Close(int(fd))
					}
				})
				connect := func(n int) {
					from := len(fds)
					for range n {
						fd := descriptor(connectBlocking(t, addr))
						fds = append(fds, fd)
						open(t, fd, buf)
					}
					for _, fd := range fds[from:] {
						echo(t, fd, buf)
					}
				}
				connect(100) // what is needed once
				before := inUse()
				connect(conns)
				if each := (inUse() - before) / conns; each > most {
					t.Errorf("%d bytes for each connection, want %d at most", each, most)
				} else {
					t.Logf("%d bytes for each connection", each)
				}
			})
		}
	}
}

// TestMemoryOfASilentConnection checks how much memory a connection to a server takes on
// which nothing has been sent yet.
func TestMemoryOfASilentConnection(t *testing.T) {
	const conns, most = 4000, 768
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen} {
		for _, parallel := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/parallel=%v", way, parallel), func(t *testing.T) {
				srv := &airsocket.Server{Options: &airsocket.Options{Parallel: parallel, HandshakeTimeout: -1}}
				addr := wstest.HostOf(wstest.ServeWay(t, srv, way))
				buf := make([]byte, 1024)
				fds := make([]descriptor, 0, conns+200)
				t.Cleanup(func() {
					for _, fd := range fds {
						syscall.Close(int(fd))
					}
				})
				connect := func(n int) {
					for range n {
						fds = append(fds, descriptor(connectBlocking(t, addr)))
					}
					// Connections are accepted in their order.
					fds = append(fds, descriptor(connectBlocking(t, addr)))
					open(t, fds[len(fds)-1], buf)
				}
				connect(100) // what is needed once
				before := allocated()
				connect(conns)
				if each := (allocated() - before) / conns; each > most {
					t.Errorf("%d bytes for each connection, want %d at most", each, most)
				} else {
					t.Logf("%d bytes for each connection", each)
				}
				open(t, fds[0], buf) // it has waited long enough
			})
		}
	}
}

// inUse returns the bytes that the process has for the heap and for stacks after a
// garbage collection.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// allocated returns the bytes that are in use after a garbage collection, without the gaps
// that handshakes have left between them, which differ from one time to the next.
func allocated() int64 {
	inUse()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A descriptor is that of a connection to a server.
type descriptor int

// Write sends p.
func (fd descriptor) Write(p []byte) (int, error) {
	return len(p), syscall.Sendto(int(fd), p, 0, nil)
}

// Read receives.
func (fd descriptor) Read(p []byte) (int, error) {
	n, _, err := syscall.Recvfrom(int(fd), p, 0)
	for err == syscall.EINTR { // as in answering.serve
		n, _, err = syscall.Recvfrom(int(fd), p, 0)
	}
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// open does the opening handshake.
func open(t *testing.T, c io.ReadWriter, buf []byte) {
	t.Helper()
	if _, err := c.Write([]byte(wstest.UpgradeRequest)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(buf); err != nil || n < 12 || string(buf[9:12]) != "101" {
		t.Fatalf("%q, %v", buf[:n], err)
	}
}

// echo has a message sent back.
func echo(t *testing.T, c io.ReadWriter, buf []byte) {
	t.Helper()
	c.Write(wstest.Frame(true, wstest.OpText, "echo"))
	want := wstest.Frame(false, wstest.OpText, "echo")
	if _, err := io.ReadFull(c, buf[:len(want)]); err != nil || string(buf[:len(want)]) != string(want) {
		t.Fatalf("%q, %v", buf[:len(want)], err)
	}
}
