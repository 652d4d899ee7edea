package connect_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// The file of -record has what -json prints, and tells who has begun the close.
func TestConnectRecord(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "session.jsonl")
	kinds := func() (all []string) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r, err := range journal.Read(f, 1<<20) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, strings.TrimSpace(r.Type+" "+r.Direction))
		}
		return all
	}
	s := clitest.StartServe(t)
	r := clitest.Execute(t, nil, "connect", s.URL(), "-x", "hello", "-wait", "0", "-record", file)
	r.Want(t, exit.OK, "* close 1000")
	if got := kinds(); got[0] != "open" || !slices.Contains(got, "message out") || got[len(got)-1] != "close out" {
		t.Errorf("the journal has %q", got)
	}
	clitest.Execute(t, nil, "connect", clitest.Upgraded(t, "\x81\x01a\x88\x02\x03\xe8"), "-x", "hello", "-wait", "-1", "-record", file).Want(t, exit.OK, "")
	if got := kinds(); got[len(got)-2] != "message in" || got[len(got)-1] != "close in" {
		t.Errorf("the journal has %q", got)
	}
	clitest.Execute(t, strings.NewReader(`{"type":"close","code":4000}`), "connect", s.URL(), "-json-in", "-record", file).Want(t, exit.OK, "* close 4000")
	if got := kinds(); got[len(got)-1] != "close out" {
		t.Errorf("the journal has %q", got)
	}
	clitest.Execute(t, nil, "connect", s.URL(), "-record", filepath.Join(file, "x")).Want(t, exit.Usage, "-record: ")
}

// The open event has what was asked for and chosen, and passwords are neither printed nor
// recorded.
func TestConnectRecordWithoutPasswords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "session.jsonl")
	s := clitest.StartServe(t, "-subprotocol", "b")
	host := strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/")
	proxy := startProxy(t, host, make(chan string, 10))
	for _, test := range []struct {
		url, proxy, has string
		code            int
	}{
		{"ws://ada:secret@server.example/", proxy, `"url":"ws://ada:xxxxx@server.example/","subprotocols":["a","b"],"subprotocol":"b"`, exit.OK},
		{"ws://ada:secret@server.example/", host, `"type":"error"`, exit.Refused}, // it is no proxy
		{"ws://ada:secret@server.example/\x7f", proxy, "", exit.Usage},
	} {
		r := connectWith(t, "", test.url, "-x hello -n 1 -L -json -subprotocol a,b -record "+file+" -proxy http://ada:secret@"+test.proxy)
		r.Want(t, test.code, "")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text)+r.Stdout+r.Stderr, "secret") {
			t.Errorf("a password is printed: %s%s, or recorded: %s", r.Stdout, r.Stderr, text)
		}
		if !strings.Contains(string(text), test.has) {
			t.Errorf("the journal has no %s: %s", test.has, text)
		}
	}
}
