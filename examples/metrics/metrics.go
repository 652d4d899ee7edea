package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the metrics of a Server. Peers cannot make more series than there are here:
// no label has a value that a peer chooses.
type metrics struct {
	opened   prometheus.Counter
	closed   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	turns    prometheus.Histogram
	messages [2][wire.Pong + 1]traffic // by direction and kind
	srv      *airsocket.Server
}

// A traffic counts what goes in one direction. Its counters are looked up only once, as
// they are used for each message.
type traffic struct{ messages, bytes prometheus.Counter }

const (
	received = 0
	sent     = 1
)

// kinds are those that the hooks report.
var kinds = map[wire.Kind]string{wire.Text: "text", wire.Binary: "binary", wire.Ping: "ping", wire.Pong: "pong"}

// newMetrics registers the metrics of srv, whose Options must not have been used yet.
func newMetrics(to prometheus.Registerer, srv *airsocket.Server) *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		srv:     srv,
		opened:  prometheus.NewCounter(prometheus.CounterOpts{Name: "websocket_opened_total", Help: "Sockets that have opened."}),
		closed:  counters("websocket_closed_total", "Sockets that have closed after they were open, by status code.", "code"),
		refused: counters("websocket_refused_total", "Connections that have not become sockets.", "reason"),
		turns: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "websocket_turn_seconds", Help: "Time that turns take, in which handlers run.",
			Buckets: prometheus.ExponentialBuckets(10e-6, 10, 7), // 10 us to 10 s
		}),
	}
	messages := counters("websocket_messages_total", "Messages, pings and pongs.", "direction", "kind")
	bytes := counters("websocket_payload_bytes_total", "Bytes of payload, not compressed.", "direction", "kind")
	for direction, name := range []string{received: "received", sent: "sent"} {
		for kind, of := range kinds {
			m.messages[direction][kind] = traffic{messages.WithLabelValues(name, of), bytes.WithLabelValues(name, of)}
		}
	}
	to.MustRegister(m.opened, m.closed, m.refused, m.turns, messages, bytes, m)
	srv.Options.Hooks = &airsocket.Hooks{
		Opened:          func(*airsocket.Socket) { m.opened.Inc() },
		Closed:          func(_ *airsocket.Socket, e *airsocket.CloseEvent) { m.closed.WithLabelValues(codeOf(e.Code)).Inc() },
		HandshakeFailed: func(_ *airsocket.Socket, err error) { m.refused.WithLabelValues(reasonOf(err)).Inc() },
		Received:        func(_ *airsocket.Socket, kind wire.Kind, bytes int) { m.messages[received][kind].add(bytes) },
		Sent:            func(_ *airsocket.Socket, kind wire.Kind, bytes int) { m.messages[sent][kind].add(bytes) },
		TurnEnded:       func(_ *airsocket.Socket, took time.Duration) { m.turns.Observe(took.Seconds()) },
	}
	return m
}

func (t *traffic) add(bytes int) {
	t.messages.Inc()
	t.bytes.Add(float64(bytes))
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
// response, if there was one. The program itself chooses the status in OnRequest.
func reasonOf(err error) string {
	switch { // both have status 429
	case errors.Is(err, airsocket.ErrConnsPerIP):
		return "conns per ip"
	case errors.Is(err, airsocket.ErrHandshakesPerIP):
		return "handshakes per ip"
	}
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

var (
	sockets  = prometheus.NewDesc("websocket_sockets", "Sockets by state.", []string{"state"}, nil)
	buffered = prometheus.NewDesc("websocket_buffered_bytes", "Bytes that wait to be sent.", nil, nil)
	workers  = prometheus.NewDesc("websocket_workers", "Goroutines that serve connections. Those that are held up wait for a handler.", []string{"state"}, nil)
)

// Describe is for the Registerer.
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	to <- sockets
	to <- buffered
	to <- workers
}

// Collect is called for each scrape.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, n int, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
	}
	st := m.srv.Stats()
	gauge(sockets, st.Connecting, "connecting")
	gauge(sockets, st.Open, "open")
	gauge(sockets, st.Closing, "closing")
	gauge(buffered, st.Buffered)
	all, heldUp := airsocket.Workers()
	gauge(workers, all-heldUp, "ready")
	gauge(workers, heldUp, "held up")
}
