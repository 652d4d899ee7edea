package program_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestUnknownFlagIsSuggested(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ command, flag, say string }{
		{"connect", "-compres", "airsocket: unknown flag -compres, did you mean -compress?\n"},
		{"connect", "--compression", "unknown flag -compression, did you mean -compress?"},
		{"connect", "-verison=8", "did you mean -version?"},
		{"connect", "-sub", "did you mean -subprotocol?"},
		{"connect", "-X", "did you mean -x?"},
		{"serve", "-quite", "did you mean -quiet?"},
		{"serve", "-tls-sert", "did you mean -tls-cert?"},
		// Several flags are near, or none.
		{"serve", "-tls", "airsocket: unknown flag -tls; \"airsocket help serve\" lists the flags\n"},
		{"connect", "-nonsense", "\"airsocket help connect\" lists the flags"},
		{"connect", "-z", "\"airsocket help connect\" lists the flags"},
	} {
		clitest.Execute(t, nil, test.command, test.flag).Want(t, exit.Usage, test.say)
	}
}

func TestUnknownCommandIsSuggested(t *testing.T) {
	t.Parallel()
	clitest.Execute(t, nil, "conect", "ws://a/").Want(t, exit.Usage, `unknown command "conect", did you mean connect?`)
	clitest.Execute(t, nil, "help", "sevre").Want(t, exit.Usage, `unknown command "sevre", did you mean serve?`)
	clitest.Execute(t, nil, "dance").Want(t, exit.Usage, `unknown command "dance"; "airsocket help" lists the commands`)
}
