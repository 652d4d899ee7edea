package transport

import (
	"syscall"
	"unsafe"
)

// outQueue returns how many bytes of a socket the peer has not acknowledged, or of a unix
// socket has not read.
func outQueue(fd int) (n int, known bool) {
	var size int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&size)))
	return int(size), errno == 0
}
