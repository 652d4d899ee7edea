//go:build linux && !386 && !s390x && !race && !msan && !asan

package transport

import (
	"syscall"
	"unsafe"
)

// These system calls never wait, whatever mode the descriptor is in, and move at most
// shortCall bytes, so they are made without telling the scheduler. Telling it costs a
// sixth of the time of a small message. The race detector and the sanitizers have to
// see reads and writes: their builds use package syscall instead.

// msgMore is MSG_MORE of send(2), which says that more data follows at once.
const msgMore = 0x8000

func readNoWait(fd int, p []byte) (int, error) {
	return noWait(syscall.SYS_RECVFROM, fd, p, syscall.MSG_DONTWAIT)
}

func writeNoWait(fd int, p []byte) (int, error) {
	return noWait(syscall.SYS_SENDTO, fd, p, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
}

// writeMore is like writeNoWait, for data that another write follows at once.
func writeMore(fd int, p []byte) (int, error) {
	return noWait(syscall.SYS_SENDTO, fd, p, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL|msgMore)
}

func noWait(call uintptr, fd int, p []byte, flags uintptr) (int, error) {
	n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// writeBoth writes head and body, neither of which is empty, with one system call.
func writeBoth(fd int, head, body []byte) (int, error) {
	iov := [2]syscall.Iovec{{Base: &head[0]}, {Base: &body[0]}}
	iov[0].SetLen(len(head))
	iov[1].SetLen(len(body))
	msg := syscall.Msghdr{Iov: &iov[0], Iovlen: 2}
	n, _, errno := syscall.RawSyscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
