package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
	"github.com/airsocket/airsocket/handshake"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// scrape returns the lines of /metrics without comments.
func scrape(t *testing.T, addr string) []string {
	t.Helper()
	res, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %v", res.Status, err)
	}
	var lines []string
	for line := range strings.Lines(string(p)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// until scrapes until a line is there, as a client can see what the server does before it
// is counted.
func until(t *testing.T, addr, line string) {
	t.Helper()
	for begin := time.Now(); ; {
		lines := scrape(t, addr)
		for _, l := range lines {
			if l == line {
				return
			}
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("there is no line %q in\n%s", line, strings.Join(lines, "\n"))
		}
	}
}

// TestMetrics checks what is shown at /metrics after some connections.
func TestMetrics(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	url := "ws://" + addr + "/echo"
	a, b := stage.Connect(t, nil, url), stage.Connect(t, nil, url)
	a.Want("open ")
	b.Want("open ")
	a.Send("hello")
	a.Want("text hello")
	a.SendBytes([]byte{1, 2, 3})
	a.Want("binary 010203")
	stage.Connect(t, nil, "ws://"+addr+"/elsewhere").Want("error 404")
	stage.Connect(t, &airsocket.Options{Origin: "http://elsewhere"}, url).Want("error 403")
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	// The connection of the scrape itself is no socket: net/http has it.
	for _, line := range []string{
		`websocket_opened_total 2`,
		`websocket_sockets{state="connecting"} 1`,
		`websocket_sockets{state="open"} 2`,
		`websocket_sockets{state="closing"} 0`,
		`websocket_buffered_bytes 0`,
		`websocket_messages_total{direction="received",kind="text"} 1`,
		`websocket_messages_total{direction="sent",kind="binary"} 1`,
		`websocket_payload_bytes_total{direction="received",kind="text"} 5`,
		`websocket_payload_bytes_total{direction="sent",kind="binary"} 3`,
		`websocket_refused_total{reason="403"} 1`,
		`websocket_refused_total{reason="404"} 1`,
		`websocket_workers{state="held up"} 0`,
	} {
		until(t, addr, line)
	}
	turns := 0
	for _, line := range scrape(t, addr) {
		fmt.Sscanf(line, "websocket_turn_seconds_count %d", &turns)
		var ready int
		if n, _ := fmt.Sscanf(line, `websocket_workers{state="ready"} %d`, &ready); n == 1 && (ready > 0) != (runtime.GOOS == "linux") {
			t.Error(line)
		}
	}
	if turns < 4 { // open and receive
		t.Errorf("%d turns", turns)
	}
	a.Close(1000, "")
	b.Close(4999, "")
	silent.Close()
	until(t, addr, `websocket_closed_total{code="1000"} 1`)
	until(t, addr, `websocket_closed_total{code="4xxx"} 1`)
	until(t, addr, `websocket_refused_total{reason="ended early"} 1`)
	until(t, addr, `websocket_sockets{state="open"} 0`)
}

// TestBoundedLabels checks that peers cannot choose the values of labels.
func TestBoundedLabels(t *testing.T) {
	codes := map[string]bool{}
	for code := range 1 << 16 {
		codes[codeOf(airsocket.StatusCode(code))] = true
	}
	if len(codes) != 16+3 {
		t.Errorf("%d labels for status codes", len(codes))
	}
	plain := regexp.MustCompile(`^[a-z ]+$|^[1-5][0-9]{2}$`)
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "other"},
		{&handshake.Error{Status: 503, Reason: "full"}, "503"},
		{fmt.Errorf("wrapped: %w", airsocket.ErrHandshakeTimeout), "timeout"},
		{&handshake.Error{Status: 429, Reason: "too many", Err: airsocket.ErrConnsPerIP}, "conns per ip"},
		{&handshake.Error{Status: 429, Reason: "too many", Err: airsocket.ErrHandshakesPerIP}, "handshakes per ip"},
		{airsocket.ErrProxyHeader, "proxy header"},
		{airsocket.ErrServerClosed, "shutdown"},
		{handshake.ErrUnexpected, "ended early"},
		{&net.OpError{Op: "read", Err: os.ErrClosed}, "other"},
		{fmt.Errorf("\x00 what a peer has sent"), "other"},
	} {
		if got := reasonOf(c.err); got != c.want || !plain.MatchString(got) {
			t.Errorf("reasonOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

// TestConventions checks names, units and types with the rules of promtool, when each metric
// has a value.
func TestConventions(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := newMetrics(registry, &airsocket.Server{Options: new(airsocket.Options)})
	m.closed.WithLabelValues(codeOf(1000)).Inc()
	m.refused.WithLabelValues(reasonOf(airsocket.ErrHandshakeTimeout)).Inc()
	families, err := registry.Gather()
	if err != nil || len(families) != 9 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
