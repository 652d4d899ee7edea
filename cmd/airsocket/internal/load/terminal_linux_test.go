package load_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
)

// On a terminal there is a bar, which the report replaces.
func TestTerminal(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	k := clitest.NewKeyboard(t)
	code := k.Run("load", s.URL(), "-n", "3", "-duration", "1s", "-every", "10ms", "-x", "a")
	k.Wait("\r[")
	k.Wait(" 3 open 0 errors ")
	k.Wait("\r\x1b[Kairsocket load ws://")
	k.Wait("\r\nConnections\r\n")
	k.Wait("opened          3\r\n")
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
}

// On a terminal with few columns, too, nothing of the progress is left.
func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	screen := clitest.NewScreenOf(t, 30, 20, nil, `"$0" "$@" >/dev/null; echo "exit code $?"; read line`,
		"load", s.URL(), "-n", "3", "-duration", "1s", "-every", "10ms", "-x", "a")
	screen.WaitFor("exit code 0\n")
	if text := screen.Text(); text != "exit code 0\n" {
		t.Errorf("the screen is\n%s", text)
	}
}

// A dumb terminal cannot remove a line, and gets lines that stay.
func TestDumbTerminal(t *testing.T) {
	k := clitest.NewKeyboard(t)
	for term, want := range map[string]bool{"xterm": true, "dumb": false} {
		t.Setenv("TERM", term)
		if columns := load.ColumnsOf(k.Slave); (columns != nil) != want {
			t.Errorf("on %s, the line changes: %t", term, columns != nil)
		}
	}
}
