package load_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// startForeign runs a server without the library until the end of the test, and returns its
// address. If the interpreter does not succeed with the arguments to try, the test is skipped,
// or fails if peers are required.
func startForeign(t *testing.T, name string, try []string, args ...string) (address string) {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err == nil && exec.Command(path, try...).Run() == nil {
			return start(t, exec.Command(path, args...))
		}
	}
	if os.Getenv("AIRSOCKET_INTEROP") == "required" {
		t.Fatalf("not on this machine: %s for %q", name, try)
	}
	t.Skipf("not on this machine: %s for %q", name, try)
	return ""
}

// start runs a server that prints its port and ends with its stdin.
func start(t *testing.T, cmd *exec.Cmd) (address string) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server has not started: %v %s", err, &stderr)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// Servers of others answer all messages, and the percentiles have at least the delays that they
// add.
func TestInteropDelays(t *testing.T) {
	t.Parallel()
	ws, err := filepath.Abs("../../../../internal/test/interop/testdata/peers/node_modules/ws")
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]func(*testing.T) string{
		"ws": func(t *testing.T) string {
			return startForeign(t, "node", []string{"-e", "require('" + ws + "')"}, "testdata/server.js", ws)
		},
		"python": func(t *testing.T) string {
			return startForeign(t, "python3", []string{"-c", "import websockets"}, "testdata/server.py")
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
