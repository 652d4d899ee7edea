//go:build linux

package main

import (
	"log"
	"time"

	"golang.org/x/sys/unix"
)

// A pacer sends at a fixed rate, to one connection after another, whether or
// not the answers come. A latency counts from when its message was due, so that
// a server that stalls is charged for all that had to wait, and not for one
// message only (coordinated omission).
type pacer struct {
	timer int
	every time.Duration
	due   time.Duration // of the next message
	conn  int           // that it goes to
}

// pacerID stands for the timer among the connections' numbers in epoll events.
const pacerID = -1

// resolution is the shortest time that the loop sleeps for.
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

// send sends all that is due.
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
