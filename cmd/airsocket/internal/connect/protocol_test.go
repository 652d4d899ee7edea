package connect_test

import (
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/wire"
)

func TestVersionNumbers(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	for number, name := range map[string]string{
		"13": "hybi-13", "8": "hybi-08", "7": "hybi-07", "6": "hybi-06", "76": "hixie-76", "75": "hixie-75",
		"hybi-08": "hybi-08", "rfc6455": "hybi-13",
	} {
		r := clitest.Execute(t, nil, "connect", s.URL(), "-version", number, "-x", "hello", "-wait", "200ms")
		if r.Want(t, exit.OK, ", "+name+"\n"); r.Stdout != "hello\n" {
			t.Errorf("-version %s: stdout is %q", number, r.Stdout)
		}
	}
	old := clitest.StartServe(t, "--versions", "8,7")
	clitest.Execute(t, nil, "connect", old.URL(), "-version", "8", "-x", "hello", "-wait", "0").Want(t, exit.OK, ", hybi-08\n")
	clitest.Execute(t, nil, "connect", old.URL(), "-x", "hello").Want(t, exit.Refused, "426")
	clitest.Execute(t, nil, "connect", s.URL(), "-version", "9").
		Want(t, exit.Usage, `unknown version "9" of the protocol; the versions are 13, 8, 7, 6, 76 and 75`)
	clitest.Execute(t, nil, "serve", "-versions", "13,9").Want(t, exit.Usage, `unknown version "9" of the protocol`)
}

// The open event names the extensions, which are offered only if a flag says so.
func TestExtensions(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	deflating := clitest.ServeWith(t, &airsocket.Options{DeflateStream: true, Versions: wire.AllVersions()}, func(*airsocket.Socket) {})
	for _, test := range []struct{ url, flags, say string }{
		{s.URL(), "", ", hybi-13\n"},
		{s.URL(), "-compress", ", hybi-13, extensions permessage-deflate\n"},
		{deflating, "-version 8", ", hybi-08\n"},
		{deflating, "-version 8 -deflate-stream", ", hybi-08, extensions deflate-stream\n"},
	} {
		connectWith(t, "", test.url, test.flags+" -wait 0").Want(t, exit.OK, test.say)
	}
}
