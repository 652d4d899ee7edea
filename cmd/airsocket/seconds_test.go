package main

import (
	"testing"
	"time"
)

func TestTimesOfFlags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"5": 5 * time.Second, "1.5": 1500 * time.Millisecond, "-1": -time.Second, "+2": 2 * time.Second,
		"0": 0, ".25": 250 * time.Millisecond, "200ms": 200 * time.Millisecond, "1m30s": 90 * time.Second, "-2s": -2 * time.Second,
	} {
		c, err := parseConnect([]string{"ws://a/", "-wait", in})
		if err != nil || c.wait != want {
			t.Errorf("-wait %s: %v, want %v", in, err, want)
		}
	}
	for _, in := range []string{"", "-", ".", "1.2.3", "long", "1h3", "5 s", "1e3", "99999999999"} {
		command(t, nil, "connect", "ws://a/", "-wait", in).
			want(t, exitUsage, `invalid value "`+in+`" for flag -wait: not a time such as 5, 1.5 or 200ms`)
	}
	if c, err := parseConnect([]string{"ws://a/", "-timeout", "5"}); err != nil || c.options.HandshakeTimeout != 5*time.Second || c.options.CloseTimeout != 5*time.Second {
		t.Errorf("-timeout 5: %v", err)
	}
	if c, err := parseServe([]string{"-shutdown-timeout", "2"}); err != nil || c.shutdownTimeout != 2*time.Second {
		t.Errorf("-shutdown-timeout 2: %v", err)
	}
	if c, err := parseConnect([]string{"ws://a/"}); err != nil || c.wait != time.Second || c.options.HandshakeTimeout != 30*time.Second {
		t.Errorf("without flags: %v", err)
	}
	command(t, nil, "connect", "ws://a/", "-timeout", "0").want(t, exitUsage, "-timeout is 0; for no limit give a negative number")
}

// With a negative -wait, connect waits until the server closes.
func TestNegativeWait(t *testing.T) {
	t.Parallel()
	r := command(t, nil, "connect", upgraded(t, "\x81\x01a\x88\x02\x0f\xa0"), "-x", "hello", "-wait", "-1")
	if r.want(t, exitOK, "* close 4000\n"); r.stdout != "a\n" {
		t.Errorf("stdout is %q", r.stdout)
	}
}
