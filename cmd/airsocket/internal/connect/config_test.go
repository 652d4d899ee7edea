package connect

import (
	"flag"
	"testing"
	"time"
)

// resolved returns the settings from flags for the URL ws://a/.
func resolved(t *testing.T, flags ...string) *config {
	t.Helper()
	fs := flag.NewFlagSet("connect", flag.ContinueOnError)
	c := newConfig(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if err := c.resolve([]string{"ws://a/"}, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	if c := resolved(t, "-timeout", "5"); c.Options.HandshakeTimeout != 5*time.Second || c.Options.CloseTimeout != 5*time.Second {
		t.Errorf("-timeout 5: %v, %v", c.Options.HandshakeTimeout, c.Options.CloseTimeout)
	}
	if c := resolved(t); c.wait != time.Second || c.Options.HandshakeTimeout != 30*time.Second {
		t.Errorf("without flags: %v, %v", c.wait, c.Options.HandshakeTimeout)
	}
}
