//go:build !portable

package transport

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// accept accepts a connection. It returns nil if there is none.
func accept(listener int) (*accepted, error) {
	for {
		fd, addr, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
			return &accepted{fd: int32(fd), remote: addrPort(addr)}, nil
		case syscall.EAGAIN:
			return nil, nil
		case syscall.EINTR, syscall.ECONNABORTED:
		default:
			return nil, os.NewSyscallError("accept4", err)
		}
	}
}

func addrPort(addr syscall.Sockaddr) netip.AddrPort {
	switch a := addr.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			if ifi, err := net.InterfaceByIndex(int(a.ZoneId)); err == nil {
				ip = ip.WithZone(ifi.Name)
			}
		}
		return netip.AddrPortFrom(ip, uint16(a.Port))
	}
	return netip.AddrPort{}
}

// Adopt returns a connection that workers serve instead of conn, which it closes. It
// returns conn itself if that is not possible: unless conn is a TCP connection or a unix
// stream socket of package net, if no other descriptor can be had, and in bubbles of
// testing/synctest, as workers are outside of bubbles. If conn is a tls.Conn on what
// ForTLS has returned, this concerns the connection under it.
func Adopt(conn net.Conn) net.Conn {
	if _, k := carrierOf(conn); k != nil {
		k.adopt()
		return conn
	}
	raw := rawConn(conn)
	if raw == nil || bubble.ID() != 0 {
		return conn
	}
	fd, err := noFD, error(nil)
	raw.Control(func(of uintptr) { fd, err = duplicate(int(of)) })
	if fd == noFD || err != nil {
		return conn
	}
	a := &accepted{fd: int32(fd)}
	if remote, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		a.remote = remote.AddrPort()
	} else {
		a.unix = &[2]net.Addr{conn.LocalAddr(), conn.RemoteAddr()}
	}
	conn.Close() // leaves the runtime's poller
	return a
}

// duplicate returns a duplicate of a descriptor.
func duplicate(fd int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return noFD, os.NewSyscallError("fcntl", errno)
	}
	return int(n), nil
}

// An accepted is the face of a connection that workers serve, for addresses and socket
// options. It can be closed, but neither read nor written.
type accepted struct {
	mu     sync.Mutex
	fd     int32 // noFD once it is closed
	users  int32 // calls of Control; negative if the last one is to close the descriptor
	conn   *Conn // that uses it; nil before and after
	remote netip.AddrPort
	local  *net.TCPAddr // set when it is asked for, and when the descriptor is closed
	unix   *[2]net.Addr // both addresses of a unix socket; nil for TCP
}

// closeFD closes the descriptor.
func (a *accepted) closeFD() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fd == noFD {
		return
	}
	a.localLocked()
	if a.users > 0 {
		a.users += left
	} else {
		syscall.Close(int(a.fd))
	}
	a.fd, a.conn = noFD, nil
}

// detach returns a connection that the runtime's poller serves. a is closed afterwards.
func (a *accepted) detach() net.Conn {
	local := a.LocalAddr()
	a.mu.Lock()
	fd := a.fd
	a.fd, a.conn = noFD, nil
	a.mu.Unlock()
	f := os.NewFile(uintptr(fd), "")
	conn, err := net.FileConn(f) // which uses a duplicate
	if err != nil {
		return &fileConn{f, local, a.RemoteAddr()}
	}
	f.Close()
	return conn
}

// A fileConn is a detached connection for which there was no duplicate, such as if too
// many files are open.
type fileConn struct {
	*os.File
	local, remote net.Addr
}

func (c *fileConn) LocalAddr() net.Addr  { return c.local }
func (c *fileConn) RemoteAddr() net.Addr { return c.remote }

// errServed is the error of what would disturb the Socket.
var errServed = errors.New("the connection belongs to its Socket: use the methods of the Socket, and for options of the system SyscallConn")

func (a *accepted) failed(op string) error {
	return &net.OpError{Op: op, Net: a.RemoteAddr().Network(), Addr: a.RemoteAddr(), Err: errServed}
}

func (a *accepted) Read([]byte) (int, error)         { return 0, a.failed("read") }
func (a *accepted) Write([]byte) (int, error)        { return 0, a.failed("write") }
func (a *accepted) SetDeadline(time.Time) error      { return a.failed("set deadline") }
func (a *accepted) SetReadDeadline(time.Time) error  { return a.failed("set deadline") }
func (a *accepted) SetWriteDeadline(time.Time) error { return a.failed("set deadline") }

// Close closes the connection under its Socket.
func (a *accepted) Close() error {
	a.mu.Lock()
	c, fd := a.conn, a.fd
	if c != nil {
		c.CloseSoon() // with the lock, so that c is not used for another connection yet
	}
	a.mu.Unlock()
	switch {
	case fd == noFD:
		return net.ErrClosed
	case c == nil:
		a.closeFD()
	}
	return nil
}

func (a *accepted) RemoteAddr() net.Addr {
	if a.unix != nil {
		return a.unix[1]
	}
	return net.TCPAddrFromAddrPort(a.remote)
}

func (a *accepted) LocalAddr() net.Addr {
	if a.unix != nil {
		return a.unix[0]
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.localLocked()
}

func (a *accepted) localLocked() *net.TCPAddr {
	if a.local == nil && a.unix == nil {
		a.local = new(net.TCPAddr)
		if addr, err := syscall.Getsockname(int(a.fd)); err == nil {
			a.local = net.TCPAddrFromAddrPort(addrPort(addr))
		}
	}
	return a.local
}

// SyscallConn returns access to the descriptor, for socket options.
func (a *accepted) SyscallConn() (syscall.RawConn, error) { return rawAccepted{a}, nil }

func (a *accepted) set(level, name, value int) error {
	var failed error
	if err := (rawAccepted{a}).Control(func(fd uintptr) {
		failed = os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), level, name, value))
	}); err != nil {
		return err
	}
	return failed
}

// SetNoDelay is like the method of net.TCPConn, as are the following methods.
func (a *accepted) SetNoDelay(on bool) error {
	return a.set(syscall.IPPROTO_TCP, syscall.TCP_NODELAY, oneIf(on))
}

func (a *accepted) SetKeepAlive(on bool) error {
	return a.set(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, oneIf(on))
}

func (a *accepted) SetReadBuffer(bytes int) error {
	return a.set(syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

func (a *accepted) SetWriteBuffer(bytes int) error {
	return a.set(syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

func (a *accepted) SetLinger(sec int) error {
	l := syscall.Linger{Onoff: int32(oneIf(sec >= 0)), Linger: int32(max(sec, 0))}
	var failed error
	if err := (rawAccepted{a}).Control(func(fd uintptr) {
		failed = os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &l))
	}); err != nil {
		return err
	}
	return failed
}

func oneIf(on bool) int {
	if on {
		return 1
	}
	return 0
}

// A rawAccepted is the syscall.RawConn of an accepted.
type rawAccepted struct{ *accepted }

// Control calls f, which may use all methods of the connection. The descriptor is not
// closed before f returns.
func (r rawAccepted) Control(f func(fd uintptr)) error {
	r.mu.Lock()
	fd := r.fd
	if fd == noFD {
		r.mu.Unlock()
		return net.ErrClosed
	}
	r.users++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.users--; r.users == left {
			syscall.Close(int(fd))
		}
	}()
	f(uintptr(fd))
	return nil
}

func (r rawAccepted) Read(func(uintptr) bool) error  { return r.failed("raw-read") }
func (r rawAccepted) Write(func(uintptr) bool) error { return r.failed("raw-write") }
