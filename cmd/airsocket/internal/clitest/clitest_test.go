package clitest

import "testing"

// Without a TestMain that calls Main, as in this package, no process is started.
func TestAsProgramNeedsMain(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a test binary that does not become the program is run as the program")
		}
	}()
	AsProgram("version")
}
