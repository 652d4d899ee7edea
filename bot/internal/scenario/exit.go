package scenario

import "errors"

// The exit codes are those of k6.
const (
	exitOK       = 0
	exitCheck    = 99
	exitSetup    = 100
	exitTeardown = 101
	exitOptions  = 104
	exitStopped  = 105
	exitScript   = 107
	exitAborted  = 108
	exitMarked   = 110
)

// ExitCode returns the exit code for the error of Run or of a Result.
func ExitCode(err error) int {
	for _, c := range []struct {
		err  error
		code int
	}{
		{ErrThresholds, exitCheck},
		{ErrSetupTime, exitSetup},
		{ErrTeardownTime, exitTeardown},
		{ErrOptions, exitOptions},
		{ErrAborted, exitAborted},
		{ErrMarked, exitMarked},
		{ErrScript, exitScript},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	if err != nil {
		return exitStopped
	}
	return exitOK
}
