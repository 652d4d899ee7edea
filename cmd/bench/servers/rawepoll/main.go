//go:build linux

// Command rawepoll echoes bytes over TCP without a protocol, from one epoll
// loop for each processor, without Go's network poller: the limit for an
// event-loop server.
package main

import (
	"log"
	"net"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/server"
)

const readSize = 64 << 10

func main() {
	loops := make([]*loop, 0, runtime.GOMAXPROCS(0))
	ln := server.Listen()
	for range cap(loops) {
		ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			log.Fatal(err)
		}
		l := &loop{ep: ep, pending: map[int32][]byte{}}
		loops = append(loops, l)
		go l.run()
	}
	for i := 0; ; i++ {
		c, err := ln.Accept()
		if err != nil {
			log.Fatal(err)
		}
		// Take the descriptor away from Go's poller, which has set it non-blocking.
		f, err := c.(*net.TCPConn).File()
		c.Close()
		if err != nil {
			log.Print(err)
			continue
		}
		fd, err := unix.Dup(int(f.Fd()))
		f.Close()
		if err != nil {
			log.Print(err)
			continue
		}
		unix.SetNonblock(fd, true)
		l := loops[i%len(loops)]
		unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
}

type loop struct {
	ep      int
	pending map[int32][]byte // unsent bytes of connections whose peer is slow; only this loop touches it
}

func (l *loop) run() {
	runtime.LockOSThread()
	b := make([]byte, readSize)
	evs := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(l.ep, evs, -1)
		if err != nil && err != unix.EINTR {
			log.Fatal(err)
		}
		for _, ev := range evs[:max(n, 0)] {
			if !l.serve(ev.Fd, b) {
				delete(l.pending, ev.Fd)
				unix.Close(int(ev.Fd))
			}
		}
	}
}

// serve echoes what one read returns. It reports whether to keep the
// connection.
func (l *loop) serve(fd int32, b []byte) bool {
	if p := l.pending[fd]; p != nil {
		n, err := unix.Write(int(fd), p)
		if err != nil && err != unix.EAGAIN {
			return false
		}
		if p = p[max(n, 0):]; len(p) > 0 {
			l.pending[fd] = p
			return true
		}
		delete(l.pending, fd)
		unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: fd})
	}
	n, err := unix.Read(int(fd), b)
	if err == unix.EAGAIN {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	w, err := unix.Write(int(fd), b[:n])
	if err != nil && err != unix.EAGAIN {
		return false
	}
	if w = max(w, 0); w < n {
		l.pending[fd] = append([]byte(nil), b[w:n]...)
		unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, int(fd), &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: fd})
	}
	return true
}
