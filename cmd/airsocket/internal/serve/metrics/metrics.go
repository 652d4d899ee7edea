// Package metrics counts what happens to the sockets of a server, and writes it in the text
// format of Prometheus.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// Metrics are the metrics of a Server. Peers cannot make more series than there are here: no
// label has a value that a peer chooses.
type Metrics struct {
	srv      *airsocket.Server
	opened   atomic.Uint64
	closed   counters
	refused  counters
	messages [2][wire.Pong + 1]traffic // by direction and kind
	turns    histogram
}

// A traffic counts what goes in one direction.
type traffic struct{ messages, bytes atomic.Uint64 }

func (t *traffic) add(bytes int) {
	t.messages.Add(1)
	t.bytes.Add(uint64(bytes))
}

const (
	received = 0
	sent     = 1
)

var directions = [...]string{received: "received", sent: "sent"}

// kinds are those that the hooks report.
var kinds = []struct {
	kind wire.Kind
	name string
}{{wire.Binary, "binary"}, {wire.Ping, "ping"}, {wire.Pong, "pong"}, {wire.Text, "text"}}

// New returns the metrics of srv. It sets the Hooks of its Options, which must not have been
// used yet.
func New(srv *airsocket.Server) *Metrics {
	m := &Metrics{srv: srv}
	srv.Options.Hooks = &airsocket.Hooks{
		Opened:          func(*airsocket.Socket) { m.opened.Add(1) },
		Closed:          func(_ *airsocket.Socket, e *airsocket.CloseEvent) { m.closed.add(codeOf(e.Code)) },
		HandshakeFailed: func(_ *airsocket.Socket, err error) { m.refused.add(reasonOf(err)) },
		Received:        func(_ *airsocket.Socket, kind wire.Kind, bytes int) { m.messages[received][kind].add(bytes) },
		Sent:            func(_ *airsocket.Socket, kind wire.Kind, bytes int) { m.messages[sent][kind].add(bytes) },
		TurnEnded:       func(_ *airsocket.Socket, took time.Duration) { m.turns.observe(took) },
	}
	return m
}

// counters count by the value of a label.
type counters struct {
	mu sync.Mutex
	by map[string]uint64
}

func (c *counters) add(label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = make(map[string]uint64)
	}
	c.by[label]++
}

func (c *counters) snapshot() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// bounds are the upper bounds of the buckets of a histogram, with their labels.
var bounds = [...]struct {
	most  time.Duration
	label string
}{
	{10 * time.Microsecond, "1e-05"}, {100 * time.Microsecond, "0.0001"}, {time.Millisecond, "0.001"},
	{10 * time.Millisecond, "0.01"}, {100 * time.Millisecond, "0.1"}, {time.Second, "1"}, {10 * time.Second, "10"},
}

// A histogram counts times. The last bucket has no upper bound.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (h *histogram) observe(took time.Duration) {
	i := 0
	for i < len(bounds) && took > bounds[i].most {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(took))
}

// ServeHTTP answers with the metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	m.write(w)
}

func (m *Metrics) write(w io.Writer) {
	p := printer{w}
	p.head("websocket_opened_total", "counter", "Sockets that have opened.")
	p.line("websocket_opened_total", m.opened.Load())
	p.head("websocket_closed_total", "counter", "Sockets that have closed after they were open, by status code.")
	p.labeled("websocket_closed_total", "code", m.closed.snapshot())
	p.head("websocket_refused_total", "counter", "Connections that have not become sockets.")
	p.labeled("websocket_refused_total", "reason", m.refused.snapshot())
	p.head("websocket_messages_total", "counter", "Messages, pings and pongs.")
	m.traffic(p, "websocket_messages_total", func(t *traffic) uint64 { return t.messages.Load() })
	p.head("websocket_payload_bytes_total", "counter", "Bytes of payload, not compressed.")
	m.traffic(p, "websocket_payload_bytes_total", func(t *traffic) uint64 { return t.bytes.Load() })
	p.head("websocket_turn_seconds", "histogram", "Time that turns take, in which handlers run.")
	p.histogram("websocket_turn_seconds", &m.turns)

	st := m.srv.Stats()
	p.head("websocket_sockets", "gauge", "Sockets by state.")
	p.labeled("websocket_sockets", "state", map[string]uint64{
		"connecting": uint64(st.Connecting), "open": uint64(st.Open), "closing": uint64(st.Closing),
	})
	p.head("websocket_buffered_bytes", "gauge", "Bytes that wait to be sent.")
	p.line("websocket_buffered_bytes", uint64(st.Buffered))
	all, heldUp := airsocket.Workers()
	p.head("websocket_workers", "gauge", "Goroutines that serve connections. Those that are held up wait for a handler.")
	p.labeled("websocket_workers", "state", map[string]uint64{"ready": uint64(all - heldUp), "held up": uint64(heldUp)})
}

func (m *Metrics) traffic(p printer, name string, value func(*traffic) uint64) {
	for direction, of := range directions {
		for _, k := range kinds {
			p.line(fmt.Sprintf("%s{direction=%q,kind=%q}", name, of, k.name), value(&m.messages[direction][k.kind]))
		}
	}
}

// A printer writes the text format.
type printer struct{ w io.Writer }

func (p printer) head(name, kind, help string) {
	fmt.Fprintf(p.w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p printer) line(series string, value uint64) { fmt.Fprintf(p.w, "%s %d\n", series, value) }

func (p printer) labeled(name, label string, values map[string]uint64) {
	for _, v := range slices.Sorted(maps.Keys(values)) {
		p.line(fmt.Sprintf("%s{%s=%q}", name, label, v), values[v])
	}
}

func (p printer) histogram(name string, h *histogram) {
	var count uint64
	for i := range h.buckets {
		le := "+Inf"
		if i < len(bounds) {
			le = bounds[i].label
		}
		count += h.buckets[i].Load()
		p.line(fmt.Sprintf("%s_bucket{le=%q}", name, le), count)
	}
	fmt.Fprintf(p.w, "%s_sum %g\n", name, time.Duration(h.sum.Load()).Seconds())
	p.line(name+"_count", count)
}

// codeOf returns the label for a status code. A peer may send any of 3,000 codes that are
// not defined by RFC 6455.
func codeOf(code airsocket.StatusCode) string {
	switch {
	case code >= 1000 && code <= 1015:
		return strconv.Itoa(int(code))
	case code >= 3000 && code <= 3999:
		return "3xxx"
	case code >= 4000 && code <= 4999:
		return "4xxx"
	}
	return "other"
}

// reasonOf returns the label for the reason why a connection was refused: the status of the
// response, if there was one.
func reasonOf(err error) string {
	if h, ok := errors.AsType[*handshake.Error](err); ok && h.Status != 0 {
		return strconv.Itoa(h.Status)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, airsocket.ErrProxyHeader):
		return "proxy header"
	case errors.Is(err, airsocket.ErrServerClosed):
		return "shutdown"
	case errors.Is(err, handshake.ErrUnexpected):
		return "ended early"
	}
	return "other" // such as errors of TLS and of the network
}
