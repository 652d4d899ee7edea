//go:build linux

package main

import (
	"log"
	"time"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
	"github.com/airsocket/airsocket/internal/hist"
)

// conn is one connection of the epoll loop.
type conn struct {
	connection
	counter frame.Counter
	next    int             // index in the batch of the frame that is queued next
	off     int             // offset in the batch of the next byte to send
	unsent  int             // bytes that are queued, but for those that flush sends
	waiting bool            // until the system takes more
	got     int             // raw: bytes received of the current message
	sent    []time.Duration // when the messages in flight were sent, or were due
	oldest  int             // index in sent of the oldest message
}

// count returns how many messages end in p, which has been received. Without a
// protocol, size is the length of a message.
func (c *conn) count(p []byte, size int) (messages int, err error) {
	if *raw {
		c.got += len(p)
		messages, c.got = c.got/size, c.got%size
		return messages, nil
	}
	return c.counter.Feed(p)
}

// pop removes the oldest of the times and returns it.
func (c *conn) pop() time.Duration {
	t := c.sent[c.oldest]
	if c.oldest++; c.oldest == len(c.sent) {
		c.sent, c.oldest = c.sent[:0], 0
	}
	return t
}

// A streamer is the epoll loop.
type streamer struct {
	ep    int
	conns []conn
	batch []byte // frames, sent one after another, again and again
	ends  []int  // where each frame ends
	start time.Time
	hist  hist.Hist
	msgs  int64
	bytes int64
	evs   []unix.EpollEvent
	buf   []byte

	delivered int    // broadcast: how many connections have received the message in flight
	pace      *pacer // rate
}

// minBatch is how many bytes of different messages are needed to measure
// compression with context takeover: each message must have left the window
// before it is sent again.
const minBatch = 64 << 10

func newStreamer() *streamer {
	s := &streamer{start: time.Now(), evs: make([]unix.EpollEvent, 512), buf: make([]byte, 256<<10)}
	s.ep = must(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	n := *inflight
	if *compress != "off" {
		n = max(n, minBatch / *size + 1)
	}
	for i := range n {
		p := payload(0)
		if *compress != "off" {
			p = payload(i)
		}
		if *raw {
			s.batch = append(s.batch, p...)
		} else {
			s.batch = style().Append(s.batch, p)
		}
		s.ends = append(s.ends, len(s.batch))
	}
	return s
}

func (s *streamer) now() time.Duration { return time.Since(s.start) }

// stream runs the modes echo, rate and broadcast.
func stream(r *result.Result) {
	all := openAll(opened)
	if *mode != "broadcast" {
		p := payload(0)
		for _, c := range all[:min(len(all), 10)] {
			if err := verify(c, p); err != nil {
				log.Fatal(err)
			}
		}
	}
	s := newStreamer()
	s.conns = make([]conn, len(all))
	for i, c := range all {
		unix.SetNonblock(c.fd(), true)
		s.conns[i].connection = c
		s.watch(i, unix.EPOLL_CTL_ADD)
	}
	switch *mode {
	case "echo":
		for i := range s.conns {
			s.send(i, *inflight, s.now())
		}
	case "broadcast":
		time.Sleep(300 * time.Millisecond) // until the server knows all connections
		s.send(0, *inflight, s.now())
	case "rate":
		s.pace = newPacer(s)
	}
	s.measure(r)
}

func (s *streamer) measure(r *result.Result) {
	s.run(*warmup)
	s.hist.Reset()
	s.msgs, s.bytes = 0, 0
	m := begin()
	s.run(*duration)
	m.end(r, s.msgs)
	r.WireBytes, r.RSS1 = s.bytes, rss()
	r.SetLatency(&s.hist)
}

// run serves events until d has passed.
func (s *streamer) run(d time.Duration) {
	end := s.now() + d
	for {
		n, err := unix.EpollWait(s.ep, s.evs, 100)
		if err != nil && err != unix.EINTR {
			log.Fatal(err)
		}
		now := s.now()
		if now > end {
			return
		}
		if s.pace != nil {
			s.pace.send(s, now)
		}
		for _, ev := range s.evs[:max(n, 0)] {
			s.serve(ev)
		}
		if *mode == "broadcast" {
			// Each delivery counts. The next message is sent when all
			// connections have received the last.
			for ; s.delivered >= len(s.conns); s.delivered -= len(s.conns) {
				s.hist.Add(now - s.conns[0].pop())
				s.send(0, 1, now)
			}
		}
	}
}

func (s *streamer) serve(ev unix.EpollEvent) {
	i := int(ev.Fd)
	if s.pace != nil && i == pacerID {
		s.pace.acknowledge()
		return
	}
	if ev.Events&unix.EPOLLOUT != 0 {
		s.flush(i)
	}
	if ev.Events&^unix.EPOLLOUT == 0 {
		return
	}
	n := s.receive(i)
	s.msgs += int64(n)
	switch {
	case n == 0:
	case *mode == "broadcast":
		s.delivered += n
	case *mode == "serve":
		s.send(i, n, 0)
	default:
		c, now := &s.conns[i], s.now()
		for range n {
			s.hist.Add(now - c.pop())
		}
		if *mode == "echo" {
			s.send(i, n, now)
		}
	}
}

// receive reads from connection i and returns how many messages that has
// completed. It reads once, because epoll reports again what is left; but not
// with TLS, where the rest may be in the tls.Conn.
func (s *streamer) receive(i int) (messages int) {
	c := &s.conns[i]
	for {
		n, err := c.Read(s.buf)
		if err == unix.EAGAIN {
			return messages
		}
		if err != nil {
			log.Fatalf("connection %d ended: %v", i, err)
		}
		s.bytes += int64(n)
		n, err = c.count(s.buf[:n], s.ends[0])
		if err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
		messages += n
		if !*secure {
			return messages
		}
	}
}

// send queues n messages on connection i and writes what the system takes. due
// is the time when they should be sent.
func (s *streamer) send(i, n int, due time.Duration) {
	c := &s.conns[i]
	for range n {
		if *mode != "serve" {
			c.sent = append(c.sent, due)
		}
		from := 0
		if c.next > 0 {
			from = s.ends[c.next-1]
		}
		c.unsent += s.ends[c.next] - from
		c.next = (c.next + 1) % len(s.ends)
	}
	if !c.waiting {
		s.flush(i)
	}
}

func (s *streamer) flush(i int) {
	c := &s.conns[i]
	was := c.waiting
	err := c.flush()
	for err == nil && c.unsent > 0 {
		var n int
		n, err = c.Write(s.batch[c.off:min(len(s.batch), c.off+c.unsent)])
		c.off = (c.off + n) % len(s.batch)
		c.unsent -= n
	}
	if c.waiting = err == unix.EAGAIN; err != nil && !c.waiting {
		log.Fatalf("connection %d: %v", i, err)
	}
	if c.waiting != was {
		s.watch(i, unix.EPOLL_CTL_MOD)
	}
}

// watch tells epoll what connection i waits for.
func (s *streamer) watch(i, op int) {
	c := &s.conns[i]
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if c.waiting {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(s.ep, op, c.fd(), &ev); err != nil {
		log.Fatal(err)
	}
}
