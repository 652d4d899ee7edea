//go:build linux

package main

import (
	"log"
	"time"

	"golang.org/x/sys/unix"
)

// A pacer sends messages at a fixed rate, on one connection after another,
// whether or not answers arrive. A latency is measured from the time when its
// message was due, so that a stall of the server counts for all messages that
// had to wait, and not only for one (coordinated omission).
type pacer struct {
	timer int
	every time.Duration
	due   time.Duration // of the next message
	conn  int           // index of the connection for it
}

// pacerID identifies the timer in epoll events; the others have the number of a
// connection.
const pacerID = -1

// resolution is the shortest interval of the timer.
const resolution = 50 * time.Microsecond

func newPacer(s *streamer) *pacer {
	p := &pacer{every: time.Second / time.Duration(*rate), due: s.now()}
	p.timer = must(unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC))
	tick := unix.NsecToTimespec(int64(max(p.every, resolution)))
	if err := unix.TimerfdSettime(p.timer, 0, &unix.ItimerSpec{Interval: tick, Value: tick}, nil); err != nil {
		log.Fatal(err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: pacerID}
	if err := unix.EpollCtl(s.ep, unix.EPOLL_CTL_ADD, p.timer, &ev); err != nil {
		log.Fatal(err)
	}
	return p
}

// send sends all messages that are due.
func (p *pacer) send(s *streamer, now time.Duration) {
	for ; p.due <= now; p.due += p.every {
		s.send(p.conn, 1, p.due)
		p.conn = (p.conn + 1) % len(s.conns)
	}
}

func (p *pacer) acknowledge() {
	var expirations [8]byte
	unix.Read(p.timer, expirations[:])
}
