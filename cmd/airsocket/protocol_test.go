package main

import "testing"

func TestVersionNumbers(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	for number, name := range map[string]string{
		"13": "hybi-13", "8": "hybi-08", "7": "hybi-07", "6": "hybi-06", "76": "hixie-76", "75": "hixie-75",
		"hybi-08": "hybi-08", "rfc6455": "hybi-13",
	} {
		r := command(t, nil, "connect", s.url(), "-version", number, "-x", "hello", "-wait", "200ms")
		if r.want(t, exitOK, ", "+name+"\n"); r.stdout != "hello\n" {
			t.Errorf("-version %s: stdout is %q", number, r.stdout)
		}
	}
	old := startServe(t, "--versions", "8,7")
	command(t, nil, "connect", old.url(), "-version", "8", "-x", "hello", "-wait", "0").want(t, exitOK, ", hybi-08\n")
	command(t, nil, "connect", old.url(), "-x", "hello").want(t, exitRefused, "426")
	command(t, nil, "connect", s.url(), "-version", "9").
		want(t, exitUsage, `unknown version "9" of the protocol; the versions are 13, 8, 7, 6, 76 and 75`)
	command(t, nil, "serve", "-versions", "13,9").want(t, exitUsage, `unknown version "9" of the protocol`)
}
