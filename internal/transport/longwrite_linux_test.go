package transport

import (
	"bytes"
	"syscall"
	"testing"
)

// Where the system takes the head of a long message and nothing of its body, the
// head counts as written.
func TestHeadGoesAlone(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	here, there := pair[0], pair[1]
	defer syscall.Close(here)
	defer syscall.Close(there)
	filled := 0
	for {
		if _, err := syscall.Write(here, []byte{'.'}); err == syscall.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		filled++
	}
	var b [1]byte
	if _, err := syscall.Read(there, b[:]); err != nil { // makes room for another small one
		t.Fatal(err)
	}
	head, body := []byte("head"), make([]byte, 2*shortCall)
	n, err := writeFD(here, head, body)
	if n != len(head) || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	got := make([]byte, filled+len(body))
	n, err = syscall.Read(there, got)
	if want := append(bytes.Repeat([]byte{'.'}, filled-1), head...); err != nil || !bytes.Equal(got[:n], want) {
		t.Errorf("%d bytes, %v, want %d", n, err, len(want))
	}
}
