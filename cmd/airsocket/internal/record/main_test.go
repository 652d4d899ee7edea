package record_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// A recorder is a run of record.
type recorder struct {
	url    string
	stop   context.CancelFunc
	out    clitest.Output
	result chan clitest.Result
}

// record runs record on a free port.
func record(t *testing.T, args ...string) *recorder {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	rec := &recorder{stop: stop, result: make(chan clitest.Result, 1)}
	go func() {
		code := program.Program.Run(ctx, append([]string{"record", "-listen", "127.0.0.1:0"}, args...), &command.Std{Out: &rec.out, Err: w})
		w.Close()
		rec.result <- clitest.Result{Code: code, Stdout: rec.out.String()}
	}()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("record prints %q, %v", line, err)
	}
	rec.url = url
	go io.Copy(io.Discard, lines)
	t.Cleanup(stop)
	return rec
}

// events returns the events of a recording.
func events(t *testing.T, text string) (all []journal.Event) {
	t.Helper()
	for r, err := range journal.Read(strings.NewReader(text), 1<<24) {
		if err != nil {
			t.Fatal(err)
		}
		_, e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
