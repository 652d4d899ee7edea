//go:build !portable

package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/transport"
)

// TestTryWriteWithRoom checks that a tls.Conn of somebody else is written to as long as
// the socket has room, and that no write waits.
func TestTryWriteWithRoom(t *testing.T) {
	ours, theirs := tlsPair(t)
	c := transport.New(ours)
	defer c.Close()
	var written bytes.Buffer
	for i := 0; ; i++ {
		p := noise(1 + i*100%(20<<10))
		n, err := c.TryWrite(p, nil)
		if err != nil || n != 0 && n != len(p) {
			t.Fatalf("TryWrite of %d bytes has returned %d, %v", len(p), n, err)
		}
		if n == 0 {
			break
		}
		written.Write(p)
	}
	if n, err := c.TryWrite(make([]byte, 1<<20), nil); n != 0 || err != nil {
		t.Errorf("TryWrite of more than there is room for has returned %d, %v", n, err)
	}
	got := make([]byte, written.Len())
	if _, err := io.ReadFull(theirs, got); err != nil || !bytes.Equal(got, written.Bytes()) {
		t.Errorf("the peer has got something else, %v", err)
	}
}

// A scene is what the socket under a tls.Conn has received when a worker looks at it.
type scene struct {
	name  string
	has   []byte
	reads int
	more  bool
	can   bool // a worker can go on
}

func record(n int) []byte {
	return append([]byte{23, 3, 3, byte(n >> 8), byte(n)}, bytes.Repeat([]byte{9}, n)...)
}

// TestLooks checks what is known about the records in a socket.
func TestLooks(t *testing.T) {
	many := bytes.Repeat(record(1000), 10)
	for _, s := range []scene{
		{"nothing", nil, 0, false, true},
		{"one", record(100), 1, false, true},
		{"empty", record(0), 1, false, true},
		{"two", append(record(100), record(5000)...), 2, false, true},
		{"long", record(16 << 10), 1, false, true},
		{"begun", record(1000)[:900], 0, false, true},
		{"one, and one begun", append(record(100), record(1000)[:900]...), 1, false, true},
		{"one, and half a header", append(record(100), 23, 3), 1, false, true},
		{"long, begun", record(16 << 10)[:8000], 0, false, false},
		{"half a header", []byte{23, 3}, 0, false, false},
		{"rest of a record", bytes.Repeat([]byte{9}, 100), 0, false, false},
		{"wrong length", []byte{23, 3, 3, 255, 255, 1}, 0, false, false},
		{"many", many, 5, true, true},
		{"many, and one begun", append(many[:3*1005:3*1005], record(10000)[:5000]...), 3, false, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(fds[0])
			defer syscall.Close(fds[1])
			if len(s.has) > 0 {
				if _, err := syscall.Write(fds[1], s.has); err != nil {
					t.Fatal(err)
				}
			}
			if reads, more, can := transport.Looks(fds[0]); can != s.can || can && (reads != s.reads || more != s.more) {
				t.Errorf("%d reads, more %v, can %v; want %d, %v, %v", reads, more, can, s.reads, s.more, s.can)
			}
			syscall.Shutdown(fds[1], syscall.SHUT_WR)
			if _, _, can := transport.Looks(fds[0]); len(s.has) == 0 && can {
				t.Error("the end is not left to a goroutine")
			}
		})
	}
}

// TestForeignDuplicate checks that closing a tls.Conn of somebody else leaves no
// descriptor open.
func TestForeignDuplicate(t *testing.T) {
	ours, theirs := tlsPair(t)
	j := newJournal(t, transport.New(ours), 100)
	go theirs.Close()
	j.serve()
	j.wantEnd(io.EOF)
	if err := j.c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
