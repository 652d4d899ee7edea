package airsocket

import (
	"syscall"
	"unsafe"
)

// corkFrom is the length of a body above which it costs less to write it by
// itself than together with the head: measured over loopback, a quarter less at
// 1 MiB and nothing at half of that.
const corkFrom = 512 << 10

// msgMore is MSG_MORE of send(2): more follows at once.
const msgMore = 0x8000

// writev writes head and body, neither of them empty, as one.
func writev(fd int, head, body []byte) (int, error) {
	if len(body) > corkFrom {
		return writeCorked(fd, head, body)
	}
	iov := [2]syscall.Iovec{{Base: &head[0]}, {Base: &body[0]}}
	iov[0].SetLen(len(head))
	iov[1].SetLen(len(body))
	n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov)), 2)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// writeCorked is writev with a system call for each. The head is kept back until
// the body follows it.
func writeCorked(fd int, head, body []byte) (int, error) {
	n, err := syscall.SendmsgN(fd, head, nil, nil, msgMore)
	if err != nil || n < len(head) {
		return n, err
	}
	m, err := syscall.Write(fd, body)
	switch err {
	case nil:
		return n + m, nil
	case syscall.EAGAIN, syscall.EINTR:
		return n, nil
	}
	return 0, err
}
