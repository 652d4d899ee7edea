package load_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
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
