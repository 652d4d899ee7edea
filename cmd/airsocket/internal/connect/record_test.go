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
	clitest.Execute(t, nil, "connect", s.URL(), "-record", filepath.Join(file, "x")).Want(t, exit.Usage, "-record: ")
}
