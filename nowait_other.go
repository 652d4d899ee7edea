//go:build unix && (!linux || 386 || s390x || race || msan || asan)

package airsocket

import "syscall"

// readNoWait and writeNoWait are for descriptors that do not wait.
func readNoWait(fd int, p []byte) (int, error)  { return syscall.Read(fd, p) }
func writeNoWait(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
