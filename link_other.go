//go:build !unix

package airsocket

import (
	"net"
	"syscall"
)

// rawConn is nil: all connections are read and written in the ordinary way.
func rawConn(net.Conn) syscall.RawConn { return nil }

func readFD(int, []byte) (int, error) { return 0, syscall.EINVAL }

func writeNow(syscall.RawConn, int, []byte, []byte) (int, error) { return 0, syscall.EINVAL }

func writeFD(int, []byte, []byte) (int, error) { return 0, syscall.EINVAL }
