//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/address"
	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
)

const (
	key    = "dGhlIHNhbXBsZSBub25jZQ=="     // RFC 6455, section 1.3
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // the answer to it
)

// connection is one end of a connection to the measured process.
type connection interface {
	// Write returns how much it has taken of p. Its error is EAGAIN if the system
	// does not take everything; flush sends what was taken in spite of it.
	io.ReadWriteCloser
	flush() error
	held() error
	fd() int
}

// connect opens connection i, with TLS if the flags ask for it.
func connect(i int) (connection, error) {
	s, err := dial(i)
	if err != nil || !*secure {
		return s, err
	}
	return encrypt(s)
}

// socket is a descriptor that blocks until it is added to the epoll loop.
type socket int

func (s socket) fd() int { return int(s) }

// flush does nothing: what the system does not take is left to the caller.
func (s socket) flush() error { return nil }

func (s socket) Read(p []byte) (int, error) {
	n, err := unix.Read(int(s), p)
	if err != nil {
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s socket) Write(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := unix.Write(int(s), p[n:])
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

func (s socket) Close() error { return unix.Close(int(s)) }

// held returns an error unless the connection is open and nothing is there to
// be read.
func (s socket) held() error {
	var b [1]byte
	switch n, _, err := unix.Recvfrom(int(s), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT); {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return err
	case n == 0:
		return errEnded
	}
	return errSent
}

var (
	errEnded = errors.New("the server has ended a connection that should do nothing")
	errSent  = errors.New("the server has sent something on a connection that should do nothing")
)

// source returns the local address of connection i. Several addresses are used
// because one has only about 28,000 ports.
func source(i int) [4]byte { return [4]byte{127, 0, 0, byte(2 + i%100)} }

func dial(i int) (socket, error) {
	network, name := address.Split(*addr)
	if network == "unix" {
		return dialUnix(name)
	}
	a, err := net.ResolveTCPAddr("tcp4", name)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	err = unix.Bind(fd, &unix.SockaddrInet4{Addr: source(i)})
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())})
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return socket(fd), nil
}

func dialUnix(name string) (socket, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return socket(fd), nil
}

func request() []byte {
	network, host := address.Split(*addr)
	if network == "unix" {
		host = "localhost"
	}
	s := "GET / HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Version: 13\r\n"
	switch *compress {
	case "single":
		s += "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	case "takeover":
		s += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	return []byte(s + "\r\n")
}

// shake does the client's part of the opening handshake. The server must send
// nothing after its answer.
func shake(c io.ReadWriter, req []byte) error {
	if _, err := c.Write(req); err != nil {
		return err
	}
	var b [1024]byte
	n := 0
	for !bytes.HasSuffix(b[:n], []byte("\r\n\r\n")) {
		m, err := c.Read(b[n:])
		if err != nil {
			return err
		}
		n += m
	}
	if !bytes.HasPrefix(b[:n], []byte("HTTP/1.1 101 ")) || !bytes.Contains(b[:n], []byte(accept)) {
		return fmt.Errorf("bad answer to the handshake: %q", b[:n])
	}
	if *compress != "off" && !bytes.Contains(b[:n], []byte("permessage-deflate")) {
		return fmt.Errorf("compression refused: %q", b[:n])
	}
	return nil
}

// openAll opens the connections and brings each of them to a state, but for the
// echo.
func openAll(to state) []connection {
	req := request()
	all := make([]connection, *conns)
	for i := range all {
		c, err := connect(i)
		switch {
		case err != nil || to == connected:
		case to == halfHead:
			_, err = c.Write(req[:len(req)/2])
		case !*raw:
			err = shake(c, req)
		}
		if err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
		all[i] = c
	}
	return all
}

func payload(n int) []byte { return frame.Payload(frame.Charset(*charset), *size, n) }

func style() frame.Style {
	return frame.Style{Text: *charset != "binary", Masked: *mode != "serve" && *mode != "hold", Zipped: *compress != "off"}
}

// verify sends a message and compares the echo with it.
func verify(c io.ReadWriter, want []byte) error {
	sent := want
	if !*raw {
		sent = style().Append(nil, want)
	}
	if _, err := c.Write(sent); err != nil {
		return err
	}
	var got []byte
	var err error
	if *raw {
		got = make([]byte, len(want))
		_, err = io.ReadFull(c, got)
	} else {
		got, err = frame.ReadMessage(c)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the echo differs: got %d bytes, want %d", len(got), len(want))
	}
	return nil
}
