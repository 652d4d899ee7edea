package airsocket_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
)

// mptcp is IPPROTO_MPTCP, which package syscall does not define.
const mptcp = 262

// TestListenKeepAlive checks that connections accepted by a listener of Listen have
// the same socket options as those accepted by a listener of net.Listen.
func TestListenKeepAlive(t *testing.T) {
	reference, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, protocol := range map[string]int{"TCP": syscall.IPPROTO_TCP, "MPTCP": mptcp} {
		t.Run(name, func(t *testing.T) {
			want, got := acceptedOptions(t, reference, protocol), acceptedOptions(t, l, protocol)
			if got != want {
				t.Errorf("SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_NODELAY: %v, package net has %v", got, want)
			}
			if got[0] != 1 {
				t.Error("no keep-alive")
			}
		})
	}
}

// acceptedOptions returns the options of a connection that l accepts.
func acceptedOptions(t *testing.T, l net.Listener, protocol int) (values [5]int) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, protocol)
	if err != nil && protocol == mptcp {
		t.Skip("the system does not have MPTCP: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	addr := l.Addr().(*net.TCPAddr)
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		for i, o := range [5][2]int{
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
			{syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
		} {
			if values[i], err = syscall.GetsockoptInt(int(fd), o[0], o[1]); err != nil {
				t.Error(o, err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}
