//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
)

// keep opens the connections, sends a message on each, and prints a line. Until
// standard input ends it only answers pings. Then it checks that each connection
// still answers a message.
func keep(r *result.Result) {
	k := newKeeper(*conns)
	all := make([]socket, *conns)
	req := request()
	done := make(chan struct{})
	go func() {
		if err := k.run(); err != nil {
			log.Fatal(err)
		}
		close(done)
	}()
	for i := range all {
		s, err := dial(i)
		if err == nil {
			err = shake(s, req)
		}
		if err == nil {
			err = verify(s, k.payload)
		}
		if err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
		all[i] = s
		must(0, k.watch(s))
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
	message := style().Append(nil, k.payload)
	for i, s := range all {
		if _, err := s.Write(message); err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
	}
	<-done
	r.Pings = k.pings
}

// A keeper answers pings on connections, and counts the connections that have
// answered a message. Their descriptors block, because a frame is short and
// arrives as a whole.
type keeper struct {
	ep      int
	payload []byte // of the message
	conns   int

	pings    int64
	answered map[socket]bool
}

func newKeeper(conns int) *keeper {
	return &keeper{
		ep:       must(unix.EpollCreate1(unix.EPOLL_CLOEXEC)),
		payload:  payload(0),
		conns:    conns,
		answered: map[socket]bool{},
	}
}

func (k *keeper) watch(s socket) error {
	return unix.EpollCtl(k.ep, unix.EPOLL_CTL_ADD, int(s), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s)})
}

// run serves the connections until each has answered a message.
func (k *keeper) run() error {
	evs := make([]unix.EpollEvent, 512)
	for len(k.answered) < k.conns {
		n, err := unix.EpollWait(k.ep, evs, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, ev := range evs[:max(n, 0)] {
			if err := k.serve(socket(ev.Fd)); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve reads one frame.
func (k *keeper) serve(s socket) error {
	b0, p, err := frame.ReadFrame(s)
	if err != nil {
		return fmt.Errorf("a connection that should be kept: %w", err)
	}
	switch b0 & 15 {
	case frame.OpPing:
		k.pings++
		_, err = s.Write(frame.AppendPong(nil, p))
		return err
	case frame.OpText, frame.OpBinary:
		if !bytes.Equal(p, k.payload) || k.answered[s] {
			return fmt.Errorf("a message of %d bytes that nobody expects", len(p))
		}
		k.answered[s] = true
		return nil
	}
	return fmt.Errorf("a frame that nobody expects, with the first byte %#x", b0)
}
