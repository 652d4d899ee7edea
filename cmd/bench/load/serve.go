//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/control"
	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// serve serves a client program: it accepts -conns connections and answers each
// message with a prepared one that has the same payload. It checks the first
// message of the first connections.
func serve(r *result.Result) {
	l := listen()
	s := newStreamer()
	s.conns = make([]conn, *conns)
	for i := 0; i < len(s.conns); {
		fd := must(accept4(l))
		err := admit(socket(fd))
		if err == nil && i < 10 {
			err = expect(socket(fd))
		}
		if err != nil {
			unix.Close(fd) // a client that checked whether the server is up
			continue
		}
		s.conns[i].connection = socket(fd)
		if i < 10 {
			s.send(i, 1, 0)
		}
		unix.SetNonblock(fd, true)
		s.watch(i, unix.EPOLL_CTL_ADD)
		i++
	}
	s.measure(r)
}

// hold measures the memory of a client program before and after it opens its
// connections. A message is sent each way on each of them, and then nothing but
// the answer to it.
func hold(r *result.Result) {
	awaitControl()
	c0 := weighEmpty(r)
	l := listen()
	message := payload(0)
	if !*raw {
		message = style().Append(nil, message)
	}
	all := make([]socket, 0, *conns)
	for len(all) < *conns {
		s := socket(must(accept4(l)))
		err := admit(s)
		if err == nil {
			err = expect(s)
		}
		if err != nil {
			s.Close() // a client that checked whether the server is up
			continue
		}
		must(s.Write(message))
		if err := expect(s); err != nil {
			log.Fatal(err)
		}
		all = append(all, s)
	}
	weighLoaded(r, c0)
	for i, s := range all {
		if err := s.held(); err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
	}
}

// awaitControl waits until the client program serves its control port, which it
// does before it connects.
func awaitControl() {
	var err error
	for range 500 {
		if _, err = control.Ask(*ctl, control.Read); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	log.Fatal(err)
}

func listen() int {
	a := must(net.ResolveTCPAddr("tcp4", *addr))
	fd := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())})
	}
	if err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		log.Fatal(err)
	}
	return fd
}

func accept4(l int) (int, error) {
	fd, _, err := unix.Accept4(l, unix.SOCK_CLOEXEC)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	return fd, err
}

// admit does the server's part of the opening handshake. The client must send
// nothing after its request until it has the answer.
func admit(s socket) error {
	if *raw {
		return nil
	}
	req, err := http.ReadRequest(bufio.NewReader(s))
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = io.WriteString(s, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	return err
}

// expect reads the first message of a client and compares it with the payload.
func expect(s socket) error {
	want := payload(0)
	var got []byte
	var err error
	if *raw {
		got = make([]byte, len(want))
		_, err = io.ReadFull(s, got)
	} else {
		got, err = frame.ReadMessage(s)
	}
	if err == nil && !bytes.Equal(got, want) {
		log.Fatalf("the message of the client differs: got %d bytes, want %d", len(got), len(want))
	}
	return err
}
