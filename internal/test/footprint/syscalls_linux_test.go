package footprint

import (
	"bytes"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// An echoed message takes one read for the message, at most one read that finds
// nothing more, and one write. Sixteen messages that arrive together take the
// same. How system calls are counted depends on how they are made.
func TestSystemCallsOfAnEcho(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		wstest.SkipTLS(t, way, "the client uses a descriptor, without TLS")
		for _, parallel := range []bool{false, true} {
			for _, together := range []int{1, 16} {
				t.Run(fmt.Sprintf("parallel=%v/%d", parallel, together), func(t *testing.T) {
					testSystemCalls(t, way, parallel, together)
				})
			}
		}
	})
}

func testSystemCalls(t *testing.T, way string, parallel bool, together int) {
	const rounds, slack = 1000, 50 // the runtime makes some calls itself
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel}})
	fd := dialBlocking(t, wstest.HostOf(wstest.ServeWay(t, srv, way)))
	buf := make([]byte, 64<<10)
	if err := syscall.Sendto(fd, []byte(wstest.UpgradeRequest), 0, nil); err != nil {
		t.Fatal(err)
	}
	if n, _, err := syscall.Recvfrom(fd, buf, 0); err != nil || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	batch := bytes.Repeat(wstest.Frame(true, wstest.OpBinary, "0123456789abcdef"), together)
	want := together * len(wstest.Frame(false, wstest.OpBinary, "0123456789abcdef"))
	echo := func() {
		if err := syscall.Sendto(fd, batch, 0, nil); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < want; {
			n, _, err := syscall.Recvfrom(fd, buf, 0)
			if err != nil || n == 0 {
				t.Fatalf("%d bytes, %v", n, err)
			}
			got += n
		}
	}
	for range 100 {
		echo()
	}
	reads, writes := systemCalls(t, fd)
	for range rounds {
		echo()
	}
	readsAfter, writesAfter := systemCalls(t, fd)
	if n := readsAfter - reads; countsReads && (n < rounds || n > 2*rounds+slack) {
		t.Errorf("%d reads in %d rounds", n, rounds)
	}
	if n := writesAfter - writes; n < rounds || n > rounds+slack {
		t.Errorf("%d writes in %d rounds", n, rounds)
	}
}

// dialBlocking returns the descriptor of a connection that the runtime does not
// know. It is closed at the end of the test.
func dialBlocking(t *testing.T, address string) int {
	t.Helper()
	fd := connectBlocking(t, address)
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// connectBlocking is dialBlocking for a descriptor that the caller closes.
func connectBlocking(t *testing.T, address string) int {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := &syscall.SockaddrInet4{Port: addr.Port}
	copy(to.Addr[:], addr.IP.To4())
	if err := syscall.Connect(fd, to); err != nil {
		t.Fatal(err)
	}
	return fd
}
