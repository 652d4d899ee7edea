//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cluster"
	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/wire"
)

// The subjects of the bare round trip.
const (
	request = "bench.request"
	reply   = "bench.reply"
)

// runRole runs a process of the bench. It prints a URL, and then answers the commands that
// are lines of its standard input, until that ends.
func runRole(role, natsURL string) error {
	url, round := natsURL, func(rate int, size int, d time.Duration) (p50, p99 time.Duration, count int, err error) {
		return 0, 0, 0, fmt.Errorf("a process with the role %s makes no round trips", role)
	}
	switch role {
	case "nats":
		s, err := natsserver.Start(0)
		if err != nil {
			return err
		}
		url = s.ClientURL()
	case "node":
		address, err := serveNode(natsURL)
		if err != nil {
			return err
		}
		url = address
	case "echo", "requester":
		conn, err := nats.Connect(natsURL)
		if err != nil {
			return err
		}
		if role == "requester" {
			round = func(rate, size int, d time.Duration) (time.Duration, time.Duration, int, error) {
				return roundTrips(conn, rate, size, d)
			}
		} else if _, err := conn.Subscribe(request, func(m *nats.Msg) { conn.Publish(reply, m.Data) }); err != nil {
			return err
		}
		if err := conn.Flush(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("there is no role %q", role)
	}
	fmt.Println(url)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var rate, size int
		var d time.Duration
		if in.Text() == "cpu" {
			fmt.Println(int64(cpuTime()))
		} else if _, err := fmt.Sscan(in.Text(), &rate, &size, (*int64)(&d)); err != nil {
			return fmt.Errorf("%q is no command: %w", in.Text(), err)
		} else {
			p50, p99, count, err := round(rate, size, d)
			if err != nil {
				return err
			}
			fmt.Println(int64(p50), int64(p99), count)
		}
	}
	return nil
}

// cpuTime returns the user and system time of the process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serveNode starts a node, and returns its URL. A text message makes a socket a subscriber,
// and is sent back when it is one on all nodes; binary messages are published.
func serveNode(natsURL string) (string, error) {
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	flush := func(context.Context) error { return nil }
	if natsURL != "" {
		plane, err := cluster.Connect(natsURL, "bench")
		if err != nil {
			return "", err
		}
		srv.Backplane, flush = plane, plane.Flush
	}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Binary() {
				if _, err := s.Publish(topic, wire.Binary, e.Bytes()); err != nil {
					s.Close(airsocket.StatusInternalError, err.Error())
				}
				return
			}
			if s.Subscribe(topic) == nil && flush(s.Context()) == nil {
				s.Send(e.Text())
			}
		})
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go srv.Serve(l)
	return "ws://" + l.Addr().String() + "/", nil
}

// topic is the topic of all messages.
const topic = "all"

// roundTrips publishes messages at a rate, and measures until they come back.
func roundTrips(conn *nats.Conn, rate, size int, d time.Duration) (p50, p99 time.Duration, count int, err error) {
	start := time.Now()
	latencies := make([]int64, 0, rate*int(d/time.Second+1))
	done := make(chan struct{})
	var sent atomic.Int64 // how many are expected, when that is known
	sub, err := conn.Subscribe(reply, func(m *nats.Msg) {
		latencies = append(latencies, int64(time.Since(start))-int64(binary.LittleEndian.Uint64(m.Data)))
		if int64(len(latencies)) == sent.Load() {
			close(done)
		}
	})
	if err != nil {
		return 0, 0, 0, err
	}
	defer sub.Unsubscribe()
	total := int(int64(rate) * int64(d) / int64(time.Second))
	sent.Store(int64(total))
	msg := make([]byte, size)
	pace(rate, total, func() {
		binary.LittleEndian.PutUint64(msg, uint64(time.Since(start)))
		err = conn.Publish(request, msg)
	})
	if err != nil {
		return 0, 0, 0, err
	}
	select {
	case <-done:
	case <-time.After(patience):
		return 0, 0, 0, fmt.Errorf("round trips of %d messages have not ended", total)
	}
	p50, p99 = percentiles(latencies)
	return p50, p99, total, nil
}

// patience is how long to wait for messages that are under way.
const patience = 20 * time.Second

// pace calls f at a rate per second.
func pace(rate, count int, f func()) {
	start := time.Now()
	for i := range count {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		f()
	}
}
