//go:build unix && !linux

package airsocket

import "syscall"

// writev writes head and body, neither of them empty, one after the other.
func writev(fd int, head, body []byte) (int, error) {
	n, err := syscall.Write(fd, head)
	if err != nil || n < len(head) {
		return n, err
	}
	m, err := syscall.Write(fd, body)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return n, nil
	}
	return n + max(m, 0), err
}
