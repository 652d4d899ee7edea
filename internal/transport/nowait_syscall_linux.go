//go:build 386 || s390x || race || msan || asan

package transport

import (
	"syscall"
	"unsafe"
)

// These are for descriptors that do not wait.

// msgMore is MSG_MORE of send(2): more follows at once.
const msgMore = 0x8000

func readNoWait(fd int, p []byte) (int, error)  { return syscall.Read(fd, p) }
func writeNoWait(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }

// writeMore is writeNoWait for what belongs to the write that follows at once.
func writeMore(fd int, p []byte) (int, error) {
	return syscall.SendmsgN(fd, p, nil, nil, msgMore)
}

// writeBoth writes head and body, neither of them empty, as one.
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
