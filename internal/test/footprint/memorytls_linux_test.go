//go:build !race && !portable

package footprint

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMemoryOfAnIdleTLSConnection checks how much more memory a connection over TLS takes
// that waits for workers after an echo than a tls.Conn itself does.
func TestMemoryOfAnIdleTLSConnection(t *testing.T) {
	const conns, most = 1000, 1 << 10
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := wstest.ServerConfig(t)
			config.MaxVersion = version
			bare := memoryOverTLS(t, conns, serveBareTLS(t, config))
			for _, parallel := range []bool{true, false} {
				srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel}, TLSConfig: config})
				each := memoryOverTLS(t, conns, wstest.HostOf(wstest.ServeWay(t, srv, wstest.ByTLS)))
				say := t.Logf
				if each > bare+most {
					say = t.Errorf
				}
				say("parallel=%v: %d bytes for each connection, and %d for each tls.Conn; want %d more at most", parallel, each, bare, most)
			}
		})
	}
}

// memoryOverTLS returns how much memory the server at addr needs for each connection after
// an echo.
func memoryOverTLS(t *testing.T, conns int, addr string) int64 {
	t.Helper()
	fds := make([]descriptor, 0, 100+conns)
	defer func() {
		for _, fd := range fds {
			syscall.Close(int(fd))
		}
	}()
	buf := make([]byte, 1024)
	config := &tls.Config{InsecureSkipVerify: true}
	connect := func(n int) {
		for range n {
			fd := descriptor(connectBlocking(t, addr))
			fds = append(fds, fd)
			if err := syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
				t.Fatal(err)
			}
			// Only the descriptor is kept, which takes no memory of this process.
			client := tls.Client(descriptorConn{descriptor: fd}, config)
			open(t, client, buf)
			echo(t, client, buf)
		}
	}
	connect(100) // what is needed once
	before := allocated()
	connect(conns)
	return (allocated() - before) / int64(conns)
}

// serveBareTLS serves with a tls.Conn for each connection, which it keeps, and returns its
// address. It answers as a WebSocket server does.
func serveBareTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var kept []*tls.Conn
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range kept {
			c.NetConn().Close()
		}
	})
	go func() {
		defer close(done)
		head := fmt.Appendf(nil, wstest.UpgradeResponse, wstest.AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="))
		buf := make([]byte, 1024)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var fd int
			raw, _ := conn.(*net.TCPConn).SyscallConn()
			raw.Control(func(of uintptr) { fd, err = syscall.Dup(int(of)) })
			conn.Close()
			if err != nil {
				t.Error(err)
				return
			}
			syscall.SetNonblock(fd, false)
			// A net.TCPConn is not part of what is measured.
			secure := tls.Server(descriptorConn{descriptor: descriptor(fd)}, config)
			kept = append(kept, secure)
			secure.Read(buf)
			secure.Write(head)
			secure.Read(buf)
			secure.Write(wstest.Frame(false, wstest.OpText, "echo"))
		}
	}()
	return l.Addr().String()
}

// A descriptorConn is the connection of a descriptor.
type descriptorConn struct{ descriptor }

func (c descriptorConn) Close() error {
	return os.NewSyscallError("close", syscall.Close(int(c.descriptor)))
}
func (c descriptorConn) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }
func (c descriptorConn) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }
func (c descriptorConn) SetDeadline(time.Time) error      { return nil }
func (c descriptorConn) SetReadDeadline(time.Time) error  { return nil }
func (c descriptorConn) SetWriteDeadline(time.Time) error { return nil }
