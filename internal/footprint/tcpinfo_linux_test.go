//go:build !386 && !s390x && !race && !msan && !asan

package footprint

import (
	"encoding/binary"
	"syscall"
	"testing"
	"unsafe"
)

const countsReads = false

// systemCalls has how many segments with data have come to the descriptor fd of
// the other end, which are as many as have been written: nothing waits for more.
func systemCalls(t *testing.T, fd int) (_, writes int) {
	const dataSegsIn = 152 // where tcpi_data_segs_in is in struct tcp_info
	var info [256]byte
	size := uint32(len(info))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < dataSegsIn+4 {
		t.Skip("segments cannot be counted here: ", errno)
	}
	return 0, int(binary.NativeEndian.Uint32(info[dataSegsIn:]))
}
