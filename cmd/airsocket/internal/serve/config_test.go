package serve

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

// resolved returns the settings from flags.
func resolved(t *testing.T, flags ...string) *config {
	t.Helper()
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	c := newConfig(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if err := c.resolve(fs.Args()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlags(t *testing.T) {
	t.Parallel()
	if c := resolved(t, "-shutdown-timeout", "2"); c.shutdownTimeout != 2*time.Second {
		t.Errorf("-shutdown-timeout 2: %v", c.shutdownTimeout)
	}
	if c := resolved(t); len(c.listen) != 1 || c.listen[0] != "127.0.0.1:10081" {
		t.Errorf("without flags it listens on %v", c.listen)
	}
}

// What one member sends is kept for all others, so that there is a limit by default.
func TestMaxBufferedOfMembers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags []string
		want  int
	}{
		{nil, 0},
		{[]string{"-broadcast"}, 256 << 20},
		{[]string{"-topics"}, 256 << 20},
		{[]string{"-topics", "-max-buffered", "0"}, 0},
		{[]string{"-topics", "-max-buffered", "7"}, 7},
	} {
		if c := resolved(t, test.flags...); c.server.MaxBuffered != test.want {
			t.Errorf("%q: %d bytes for all clients, want %d", test.flags, c.server.MaxBuffered, test.want)
		}
	}
}

// What comes from a program or a TCP server waits there, not here.
func TestLittleIsKeptOfWhatComesFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"-exec", os.Args[0]}, {"-tcp", "localhost:1"}, {"-tcp", "localhost:1", "-max-message", "-1"}} {
		if c := resolved(t, flags...); c.options.MaxBuffered != options.HighWater {
			t.Errorf("%q: up to %d bytes wait to be sent", flags, c.options.MaxBuffered)
		}
	}
}

// A process takes much more than a socket, so that there is a limit by default.
func TestMaxProcesses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags []string
		want  int
	}{
		{nil, 0},
		{[]string{"-tcp", "localhost:1"}, 0},
		{[]string{"-exec", os.Args[0]}, 100},
		{[]string{"-exec", os.Args[0], "-max-conns", "0"}, 0},
		{[]string{"-exec", os.Args[0], "-max-conns", "7"}, 7},
	} {
		if c := resolved(t, test.flags...); c.server.MaxConns != test.want {
			t.Errorf("%q: at most %d clients, want %d", test.flags, c.server.MaxConns, test.want)
		}
	}
}
