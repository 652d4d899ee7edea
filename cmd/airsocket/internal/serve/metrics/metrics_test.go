package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/metrics"
	"github.com/airsocket/airsocket/handshake"
)

// get returns the status, the type and the body of a page of s.
func get(t *testing.T, s *clitest.Served, method, path string) (status int, kind, body string) {
	t.Helper()
	req, err := http.NewRequest(method, strings.Replace(strings.TrimSuffix(s.URL(), "/"), "ws:", "http:", 1)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(p)
}

var (
	help   = regexp.MustCompile(`^# HELP ([a-z_]+) [^\\]+$`)
	kind   = regexp.MustCompile(`^# TYPE ([a-z_]+) (counter|gauge|histogram)$`)
	sample = regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? ([0-9.e+-]+)$`)
)

// parse parses the text format strictly: each metric has HELP, TYPE and then its samples, in
// one group, and no sample comes twice.
func parse(t *testing.T, text string) map[string]float64 {
	t.Helper()
	samples, seen := map[string]float64{}, map[string]bool{}
	name, of := "", ""
	if !strings.HasSuffix(text, "\n") {
		t.Error("the last line has no end")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := help.FindStringSubmatch(line); m != nil {
			if seen[m[1]] {
				t.Errorf("%s comes twice", m[1])
			}
			name, of = m[1], ""
			seen[name] = true
		} else if m := kind.FindStringSubmatch(line); m != nil {
			if of != "" || m[1] != name {
				t.Errorf("%q is at a wrong place", line)
			}
			of = m[2]
		} else if m := sample.FindStringSubmatch(line); m != nil {
			base := m[1]
			if of == "histogram" {
				base = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(base, "")
			}
			if base != name || of == "" {
				t.Errorf("%q is at a wrong place", line)
			}
			if of == "counter" && !strings.HasSuffix(base, "_total") {
				t.Errorf("the counter %s is not called total", base)
			}
			value, err := strconv.ParseFloat(m[3], 64)
			if _, ok := samples[m[1]+m[2]]; err != nil || ok {
				t.Errorf("%q: %v, twice: %v", line, err, ok)
			}
			samples[m[1]+m[2]] = value
		} else {
			t.Errorf("a bad line: %q", line)
		}
	}
	return samples
}

// until scrapes until the metrics are so, as a client can see what the server does before it
// is counted.
func until(t *testing.T, s *clitest.Served, want map[string]float64) map[string]float64 {
	t.Helper()
	for begin := time.Now(); ; {
		_, _, body := get(t, s, "GET", "/metrics")
		got := parse(t, body)
		missing := ""
		for name, value := range want {
			if v, ok := got[name]; !ok || v != value {
				missing = fmt.Sprintf("%s is %v, want %v", name, v, value)
			}
		}
		if missing == "" {
			return got
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%s in\n%s", missing, body)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--metrics", "/metrics", "--origin", "*.example.com", "--quiet")
	if status, kind, body := get(t, s, "GET", "/metrics"); status != 200 || kind != "text/plain; version=0.0.4; charset=utf-8" || body == "" {
		t.Errorf("%d, %q", status, kind)
	}
	if status, _, _ := get(t, s, "POST", "/metrics"); status != 405 {
		t.Errorf("POST: %d", status)
	}
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "a", "-origin", "http://evil.example").Want(t, exit.Refused, "403")
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			c.Send("hello")
			c.SendBytes([]byte{1, 2, 3})
		})
		c.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Binary() {
				until(t, s, map[string]float64{`websocket_sockets{state="open"}`: 1})
				c.Close(4321, "")
			}
		})
	})
	got := until(t, s, map[string]float64{
		`websocket_opened_total`:                                          1,
		`websocket_closed_total{code="4xxx"}`:                             1,
		`websocket_refused_total{reason="403"}`:                           1,
		`websocket_messages_total{direction="received",kind="text"}`:      1,
		`websocket_messages_total{direction="sent",kind="binary"}`:        1,
		`websocket_messages_total{direction="received",kind="ping"}`:      0,
		`websocket_payload_bytes_total{direction="received",kind="text"}`: 5,
		`websocket_payload_bytes_total{direction="sent",kind="binary"}`:   3,
		`websocket_sockets{state="connecting"}`:                           0,
		`websocket_sockets{state="open"}`:                                 0,
		`websocket_sockets{state="closing"}`:                              0,
		`websocket_buffered_bytes`:                                        0,
	})
	last := 0.0
	for _, le := range []string{"1e-05", "0.0001", "0.001", "0.01", "0.1", "1", "10", "+Inf"} {
		n, ok := got[`websocket_turn_seconds_bucket{le="`+le+`"}`]
		if !ok || n < last {
			t.Errorf("the bucket %s has %v, after %v", le, n, last)
		}
		last = n
	}
	if last < 3 || last != got["websocket_turn_seconds_count"] || got["websocket_turn_seconds_sum"] <= 0 {
		t.Errorf("%v turns, count %v, sum %v", last, got["websocket_turn_seconds_count"], got["websocket_turn_seconds_sum"])
	}
	if _, ok := got[`websocket_workers{state="held up"}`]; !ok {
		t.Error("there is nothing of workers")
	}
}

// TestSameNames checks that examples/metrics, which uses the library of Prometheus, has the
// same metrics.
func TestSameNames(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../../../examples/metrics/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	s := clitest.StartServe(t, "--metrics", "/m", "--quiet")
	_, _, body := get(t, s, "GET", "/m")
	names := regexp.MustCompile(`"(websocket_[a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(names) != strings.Count(body, "# HELP ") || len(names) < 9 {
		t.Errorf("examples/metrics has %d metrics", len(names))
	}
	for _, m := range names {
		if !strings.Contains(body, "# HELP "+m[1]+" ") {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// TestBoundedLabels checks that peers cannot choose the values of labels.
func TestBoundedLabels(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{}
	for code := range 1 << 16 {
		codes[metrics.CodeOf(airsocket.StatusCode(code))] = true
	}
	if len(codes) != 16+3 {
		t.Errorf("%d labels for status codes", len(codes))
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "other"},
		{&handshake.Error{Status: 503, Reason: "full"}, "503"},
		{fmt.Errorf("wrapped: %w", airsocket.ErrHandshakeTimeout), "timeout"},
		{airsocket.ErrProxyHeader, "proxy header"},
		{airsocket.ErrServerClosed, "shutdown"},
		{handshake.ErrUnexpected, "ended early"},
		{fmt.Errorf("\x00 what a peer has sent"), "other"},
	} {
		if got := metrics.ReasonOf(c.err); got != c.want {
			t.Errorf("the reason of %v is %q, want %q", c.err, got, c.want)
		}
	}
}
