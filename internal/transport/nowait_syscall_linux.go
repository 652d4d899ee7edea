//go:build 386 || s390x || race || msan || asan

package transport

import (
	"syscall"
	"unsafe"
)

// The descriptors are in nonblocking mode, so these system calls do not wait.

// msgMore is MSG_MORE of send(2), which says that more data follows at once.
const msgMore = 0x8000

func readNoWait(fd int, p []byte) (int, error)  { return syscall.Read(fd, p) }
func writeNoWait(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }

// writeMore is like writeNoWait, for data that another write follows at once.
func writeMore(fd int, p []byte) (int, error) {
	return syscall.SendmsgN(fd, p, nil, nil, msgMore)
}

// writeBoth writes head and body, neither of which is empty, with one system call.
func writeBoth(fd int, head, body []byte) (int, error) {
	iov := [2]syscall.Iovec{{Base: &head[0]}, {Base: &body[0]}}
	iov[0].SetLen(len(head))
	iov[1].SetLen(len(body))
	n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov)), 2)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
