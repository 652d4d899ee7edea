//go:build !unix

package transport

import (
	"net"
	"syscall"
)

// rawConn returns nil: on this system the descriptors of connections are not used.
func rawConn(net.Conn) syscall.RawConn { return nil }

func readFD(int, []byte) (int, error) { return 0, syscall.EINVAL }

func writeRaw(syscall.RawConn, []byte, []byte) (int, error) { return 0, syscall.EINVAL }

func writeFD(int, []byte, []byte) (int, error) { return 0, syscall.EINVAL }

const shortCall = 0

func writeNoWait(int, []byte) (int, error) { return 0, syscall.EINVAL }
