//go:build !race && !portable

package footprint

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMemoryOfAnIdleClient checks how much memory a client takes that waits for workers
// after it has sent and received a message, and that it still knows what was negotiated.
func TestMemoryOfAnIdleClient(t *testing.T) {
	const conns, most = 2500, 896
	for _, parallel := range []bool{true, false} {
		t.Run(fmt.Sprintf("parallel=%v", parallel), func(t *testing.T) {
			opts := wstest.OwnDispatcher(&airsocket.Options{Parallel: parallel})
			answering := newAnswering(t)
			echoed := make(chan error, 1)
			onOpen := func(e *airsocket.OpenEvent) { e.Target().Send("are you there?") }
			onMessage := func(*airsocket.MessageEvent) { echoed <- nil }
			var open sync.WaitGroup
			onClose := func(*airsocket.CloseEvent) { open.Done() }
			onError := func(e *airsocket.ErrorEvent) { echoed <- e.Err }
			sockets := make([]*airsocket.Socket, 0, 100+conns)
			connect := func(n int) {
				for range n {
					s := airsocket.NewSocket(opts)
					s.OnOpen(onOpen)
					s.OnMessage(onMessage)
					s.OnError(onError)
					s.OnClose(onClose)
					open.Add(1)
					if err := s.Connect(answering.url, "chat"); err != nil {
						t.Fatal(err)
					}
					answering.serve(t)
					if err := <-echoed; err != nil {
						t.Fatal(err)
					}
					sockets = append(sockets, s)
				}
			}
			connect(100) // what is needed once
			before := allocated()
			connect(conns)
			if each := (allocated() - before) / conns; each > most {
				t.Errorf("%d bytes for each client, want %d at most", each, most)
			} else {
				t.Logf("%d bytes for each client", each)
			}
			for _, s := range sockets {
				status, header := s.Response()
				if status != 101 || header.Get("Server") != "one of a test" || s.Protocol() != "chat" || s.URL() != answering.url {
					t.Fatalf("status %d, header %v, subprotocol %q, URL %q", status, header, s.Protocol(), s.URL())
				}
				s.Drop(airsocket.StatusNormalClosure, "")
			}
			open.Wait() // so that the next test does not find any of them
		})
	}
}

// An answering is a server whose connections are only descriptors, which take no memory of
// this process.
type answering struct {
	listener int
	url      string
	conns    []descriptor
	buf      [1024]byte
}

func newAnswering(t *testing.T) *answering {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := &answering{listener: fd, conns: make([]descriptor, 0, 4096)}
	t.Cleanup(func() {
		syscall.Close(fd)
		for _, conn := range a.conns {
			syscall.Close(int(conn))
		}
	})
	patience := syscall.NsecToTimeval(int64(wstest.Patience))
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &patience); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	addr, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	a.url = fmt.Sprintf("ws://127.0.0.1:%d/", addr.(*syscall.SockaddrInet4).Port)
	return a
}

// serve accepts a connection, does the handshake and sends the first message back.
func (a *answering) serve(t *testing.T) {
	t.Helper()
	fd, _, err := syscall.Accept4(a.listener, syscall.SOCK_CLOEXEC)
	for err == syscall.EINTR { // the kernel resumes no call that has a timeout
		fd, _, err = syscall.Accept4(a.listener, syscall.SOCK_CLOEXEC)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn := descriptor(fd)
	a.conns = append(a.conns, conn)
	n, err := conn.Read(a.buf[:])
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(string(a.buf[:n]), "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	response := fmt.Sprintf(wstest.UpgradeResponse, wstest.AcceptKey(key))
	response = strings.TrimSuffix(response, "\r\n") + "Sec-WebSocket-Protocol: chat\r\nServer: one of a test\r\n\r\n"
	conn.Write([]byte(response))
	if _, err := conn.Read(a.buf[:]); err != nil {
		t.Fatal(err)
	}
	conn.Write(wstest.Frame(false, wstest.OpText, "I am here"))
}
