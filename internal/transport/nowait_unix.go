//go:build unix && !linux

package transport

import "syscall"

// The descriptors are in nonblocking mode, so these system calls do not wait.

func readNoWait(fd int, p []byte) (int, error)  { return syscall.Read(fd, p) }
func writeNoWait(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
func writeMore(fd int, p []byte) (int, error)   { return syscall.Write(fd, p) }

// writeBoth writes head and body, neither of which is empty.
func writeBoth(fd int, head, body []byte) (int, error) { return writeLong(fd, head, body) }
