//go:build unix && !linux

package transport

import "syscall"

// These are for descriptors that do not wait.

func readNoWait(fd int, p []byte) (int, error)  { return syscall.Read(fd, p) }
func writeNoWait(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
func writeMore(fd int, p []byte) (int, error)   { return syscall.Write(fd, p) }

// writeBoth writes head and body, neither of them empty, one after the other.
func writeBoth(fd int, head, body []byte) (int, error) { return writeLong(fd, head, body) }
