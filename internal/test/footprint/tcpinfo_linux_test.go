//go:build !386 && !s390x && !race && !msan && !asan

package footprint

import (
	"encoding/binary"
	"syscall"
	"testing"
	"unsafe"
)

const countsReads = false

// systemCalls returns how many segments with data have arrived at fd, the
// descriptor of the other end. There is one for each write, because writes are
// not combined.
func systemCalls(t *testing.T, fd int) (_, writes int) {
	const dataSegsIn = 152 // offset of tcpi_data_segs_in in struct tcp_info
	var info [256]byte
	size := uint32(len(info))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < dataSegsIn+4 {
		t.Skip("segments cannot be counted here: ", errno)
	}
	return 0, int(binary.NativeEndian.Uint32(info[dataSegsIn:]))
}
