package serving

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// openLimit tells a process of TestOpenFilesLimit how to get its connections.
const openLimit = "AIRSOCKET_TEST_OPEN_LIMIT"

// TestOpenFilesLimit checks that a process that has no more descriptors serves the
// connections that it has, and accepts others when some have closed. It runs a process
// of its own.
func TestOpenFilesLimit(t *testing.T) {
	if way := os.Getenv(openLimit); way != "" {
		limitedServer(t, way)
		return
	}
	wstest.EachWay(t, func(t *testing.T, way string) {
		wstest.SkipTLS(t, way, "a connection is accepted in the same way with TLS")
		cmd := exec.Command(os.Args[0], "-test.run=^TestOpenFilesLimit$", "-test.v")
		cmd.Env = append(os.Environ(), openLimit+"="+way)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func limitedServer(t *testing.T, way string) {
	var log failures
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}})
	log.failed = make(chan struct{}, most)
	url := wstest.ServeWay(t, srv, way)
	first := wstest.ConnectRaw(t, url)
	before := len(wstest.OpenFiles(t))
	// The peers are in this process too, and take a descriptor before the Server does.
	limit := uint64(before + 20)
	setLimit(t, limit)
	spare, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	var open []*wstest.RawPeer
	var waiting net.Conn
	for waiting == nil {
		conn, err := net.Dial("tcp", wstest.HostOf(url))
		if err != nil {
			// There is room for one more, which is a peer. Nothing is left for the Server.
			if spare.Close() != nil {
				t.Fatal(err)
			}
			continue
		}
		p := wstest.NewRawPeer(t, conn, true)
		conn.SetDeadline(time.Now().Add(wstest.Patience))
		conn.Write([]byte(wstest.UpgradeRequest))
		select {
		case <-log.failed:
			waiting = conn
		case <-answered(conn):
			p.ReadResponse()
			open = append(open, p)
		}
	}
	echo(first)
	for _, p := range open {
		echo(p)
		p.Close()
	}
	// Now there is room for the one that waits.
	wstest.NewRawPeer(t, waiting, true).ReadResponse()
	waiting.Close()
	echo(first)
	last := wstest.ConnectRaw(t, url)
	echo(last)
	last.Close()
	left := 0
	wstest.Eventually(t, func() bool { left = len(wstest.OpenFiles(t)); return left <= before }, func() string {
		return fmt.Sprintf("%d descriptors are open, %d were before", left, before)
	})
}

// answered returns a channel that is closed when conn can be read.
func answered(conn net.Conn) <-chan struct{} {
	ready := make(chan struct{})
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil
	}
	go func() {
		raw.Read(func(fd uintptr) bool {
			var b [1]byte
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			return err != syscall.EAGAIN
		})
		close(ready)
	}()
	return ready
}

func setLimit(t *testing.T, n uint64) {
	t.Helper()
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
	r.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
}

// failures is a log that tells of each connection that could not be accepted.
type failures struct {
	mu     sync.Mutex
	failed chan struct{}
}

func (f *failures) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if bytes.Contains(line, []byte("too many open files")) {
		select {
		case f.failed <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

// TestCloseOnExec checks that other programs do not inherit the descriptors of a Server.
func TestCloseOnExec(t *testing.T) {
	before := wstest.OpenFiles(t)
	wstest.EachWay(t, func(t *testing.T, way string) {
		g := newHost(t, way, nil).arrive()
		g.open()
		found := 0
		for fd, what := range wstest.OpenFiles(t) {
			if before[fd] == what {
				continue
			}
			info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
			if err != nil {
				continue // it was the folder that has been read
			}
			for line := range strings.Lines(string(info)) {
				octal, is := strings.CutPrefix(line, "flags:")
				flags, err := strconv.ParseInt(strings.TrimSpace(octal), 8, 64)
				if !is || err != nil {
					continue
				}
				if found++; flags&syscall.O_CLOEXEC == 0 {
					t.Errorf("the descriptor %d, %s, is passed to other programs", fd, what)
				}
			}
		}
		if found < 3 { // a listener and both ends
			t.Errorf("%d descriptors were found", found)
		}
	})
}
