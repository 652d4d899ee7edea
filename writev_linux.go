package airsocket

import (
	"syscall"
	"unsafe"
)

// writev writes head and body, neither of them empty, with one system call.
func writev(fd int, head, body []byte) (int, error) {
	iov := [2]syscall.Iovec{{Base: &head[0]}, {Base: &body[0]}}
	iov[0].SetLen(len(head))
	iov[1].SetLen(len(body))
	n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov)), 2)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
