//go:build linux && !386 && !s390x && !race && !msan && !asan

package airsocket

import (
	"syscall"
	"unsafe"
)

// These system calls never wait, whatever mode the descriptor is in, and copy no
// more than shortCall, so the scheduler is not told of them. What it does to be
// ready for one that waits costs a sixth of a small message. The race detector
// and the sanitizers have to know of reads and writes: they get those of package
// syscall.

// shortCall is the number of bytes up to which copying them takes so little time
// that the collector may be kept waiting for it. What is pending at the end of a
// turn is less, but for single messages.
const shortCall = 128 << 10

func readNoWait(fd int, p []byte) (int, error) {
	if len(p) > shortCall {
		return syscall.Read(fd, p)
	}
	return noWait(syscall.SYS_RECVFROM, fd, p, syscall.MSG_DONTWAIT)
}

func writeNoWait(fd int, p []byte) (int, error) {
	if len(p) > shortCall {
		return syscall.Write(fd, p)
	}
	return noWait(syscall.SYS_SENDTO, fd, p, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
}

func noWait(call uintptr, fd int, p []byte, flags uintptr) (int, error) {
	n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
