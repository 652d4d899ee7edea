//go:build unix

package main

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket"
)

// window is how many messages are under way while the highest rate is measured.
const window = 16

// A load has a socket that publishes and those that receive.
type load struct {
	start     time.Time
	publisher *airsocket.Socket
	sockets   int
	msg       []byte

	begun     atomic.Int64  // number of messages, to place them in latencies
	received  atomic.Int64  // number of messages of which the latency is noted
	latencies []int64       // nil while they are not measured
	arrived   chan struct{} // has a value for each message that all have received
	failed    chan error
}

// newLoad connects the publisher to one node and the others, evenly, to nodes.
func newLoad(b *bench, publisher string, nodes ...string) (*load, error) {
	l := &load{start: time.Now(), sockets: b.sockets, msg: make([]byte, b.size), arrived: make(chan struct{}, 1<<20), failed: make(chan error, 1)}
	ready := make(chan struct{}, b.sockets)
	for i := range b.sockets {
		s := l.newSocket()
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("subscribe") })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Binary() {
				l.receive(e.Bytes())
			} else {
				ready <- struct{}{}
			}
		})
		if err := s.Connect(nodes[i%len(nodes)]); err != nil {
			return nil, err
		}
		if err := l.wait(ready); err != nil {
			return nil, err
		}
	}
	l.publisher = l.newSocket()
	l.publisher.OnOpen(func(*airsocket.OpenEvent) { ready <- struct{}{} })
	if err := l.publisher.Connect(publisher); err != nil {
		return nil, err
	}
	return l, l.wait(ready)
}

func (l *load) newSocket() *airsocket.Socket {
	s := airsocket.NewSocket(&airsocket.Options{Parallel: true})
	s.OnClose(func(e *airsocket.CloseEvent) {
		select {
		case l.failed <- fmt.Errorf("a socket was closed: %d %s", e.Code, e.Reason):
		default:
		}
	})
	return s
}

func (l *load) wait(c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case err := <-l.failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("after %v something has not come", patience)
	}
}

func (l *load) receive(msg []byte) {
	if i := l.begun.Add(1) - 1; i < int64(len(l.latencies)) {
		l.latencies[i] = int64(time.Since(l.start)) - int64(binary.LittleEndian.Uint64(msg))
	}
	if l.received.Add(1)%int64(l.sockets) == 0 {
		l.arrived <- struct{}{}
	}
}

// publish sends a message that says when.
func (l *load) publish() error {
	binary.LittleEndian.PutUint64(l.msg, uint64(time.Since(l.start)))
	return l.publisher.SendBytes(l.msg)
}

// highestRate returns how many messages per second arrive, if there are always some under
// way.
func (l *load) highestRate(d time.Duration) (int, error) {
	start, sent, arrived := time.Now(), 0, 0
	for time.Since(start) < d {
		for ; sent < arrived+window; sent++ {
			if err := l.publish(); err != nil {
				return 0, err
			}
		}
		if err := l.wait(l.arrived); err != nil {
			return 0, err
		}
		arrived++
	}
	rate := float64(arrived) / time.Since(start).Seconds()
	for ; arrived < sent; arrived++ {
		if err := l.wait(l.arrived); err != nil {
			return 0, err
		}
	}
	return int(rate), nil
}

// measure publishes at a rate. The processes are those whose CPU time counts.
func (l *load) measure(rate int, d time.Duration, processes []*child) (figure, error) {
	total := int(int64(rate) * int64(d) / int64(time.Second))
	deliveries := total * l.sockets
	l.begun.Store(0)
	l.received.Store(0)
	l.latencies = make([]int64, deliveries)
	before, err := cpuOf(processes)
	if err != nil {
		return figure{}, err
	}
	pace(rate, total, func() {
		if e := l.publish(); e != nil {
			err = e
		}
	})
	if err != nil {
		return figure{}, err
	}
	for range total {
		if err := l.wait(l.arrived); err != nil {
			return figure{}, fmt.Errorf("%d of %d messages have arrived: %w", l.received.Load()/int64(l.sockets), total, err)
		}
	}
	after, err := cpuOf(processes)
	if err != nil {
		return figure{}, err
	}
	p50, p99 := percentiles(l.latencies)
	l.latencies = nil
	return figure{p50, p99, (after - before) / time.Duration(deliveries)}, nil
}
