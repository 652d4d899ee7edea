package load_test

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// Servers of others answer all messages, and the percentiles have at least the delays that they
// add.
func TestInteropDelays(t *testing.T) {
	t.Parallel()
	ws := clitest.Peers(t, "ws")
	for name, address := range map[string]func(*testing.T) string{
		"ws": func(t *testing.T) string {
			return clitest.StartForeign(t, exec.Command(clitest.Program(t, "node", "-e", "require('"+ws+"')"), "testdata/server.js", ws))
		},
		"python": func(t *testing.T) string {
			return clitest.StartForeign(t, exec.Command(clitest.Program(t, "python3", "-c", "import websockets"), "testdata/server.py"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := clitest.Execute(t, nil, "load", address(t), "-n", "20", "-duration", "2s", "-every", "100ms",
				"-x", "a", "-x", "bc", "-match", "equal", "-quiet", "-json", "-", "-check", "connected>=100%", "-check", "errors<1", "-check", "unanswered<1")
			r.Want(t, exit.OK, "")
			var got struct {
				Messages struct{ Sent, Received, Unexpected int }
				Latency  map[string]float64
				Closes   map[string]int
			}
			if err := json.Unmarshal([]byte(r.Stdout), &got); err != nil {
				t.Fatal(err)
			}
			if m := got.Messages; m.Sent < 20 || m.Received != m.Sent || m.Unexpected != 0 || got.Closes["1000"] != 20 {
				t.Errorf("messages %+v, closes %v", m, got.Closes)
			}
			// The timers of both may be a millisecond early, and percentiles are 1.6 % too low.
			if got.Latency["p50"] < .0185 || got.Latency["p99"] < .057 {
				t.Errorf("latencies %v", got.Latency)
			}
		})
	}
}
