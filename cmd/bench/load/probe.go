//go:build linux

package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
	"github.com/airsocket/airsocket/cmd/bench/internal/result"
	"github.com/airsocket/airsocket/internal/hist"
)

const probeEvery = 4 * time.Millisecond

// probeServer sends a message every few milliseconds and waits for its answer, until
// the standard input ends. A latency is measured from the time when its message was
// due, also if the answer to the message before it came later than that.
func probeServer(r *result.Result) {
	c, err := dial(0)
	if err == nil {
		err = shake(c, request())
	}
	if err != nil {
		log.Fatal(err)
	}
	var stop atomic.Bool
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop.Store(true)
	}()
	payload := frame.Payload(frame.ASCII, *size, 0)
	message := frame.Style{Text: true, Masked: true}.Append(nil, payload)
	var latencies hist.Hist
	start := time.Now()
	for due := start; !stop.Load() || r.Msgs == 0; due = due.Add(probeEvery) {
		time.Sleep(time.Until(due))
		if _, err := c.Write(message); err != nil {
			log.Fatal(err)
		}
		answer, err := frame.ReadMessage(c)
		if err != nil {
			log.Fatal(err)
		}
		if !bytes.Equal(answer, payload) {
			log.Fatalf("the server has answered %q to %q", answer, payload)
		}
		latencies.Add(time.Since(due))
		r.Msgs++
	}
	r.Secs = time.Since(start).Seconds()
	r.SetLatency(&latencies)
}
