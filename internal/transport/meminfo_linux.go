//go:build !portable && !386 && !s390x

package transport

import (
	"syscall"
	"unsafe"
)

// memory returns the memInfo of a socket.
func memory(fd int) (info memInfo) {
	const soMemInfo = 55
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, soMemInfo, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < uint32(unsafe.Sizeof(info)) {
		return memInfo{}
	}
	return info
}
