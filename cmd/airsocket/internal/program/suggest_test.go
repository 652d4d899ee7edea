package program_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

func TestUnknownFlagIsSuggested(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ command, flag, say string }{
		{"connect", "-compres", "airsocket: unknown flag -compres, did you mean -compress?\n"},
		{"connect", "--compression", "unknown flag -compression, did you mean -compress?"},
		{"connect", "-verison=8", "did you mean -version?"},
		{"connect", "-sub", "did you mean -subprotocol?"},
		{"connect", "-X", "did you mean -x?"},
		{"connect", "-no-color", "did you mean -color?"},
		{"serve", "-compress", "did you mean -no-compress?"},
		{"serve", "-cert", "did you mean -tls-cert?"},
		// What wscat, websocat and curl call them.
		{"connect", "--header", "unknown flag -header, did you mean -H?"},
		{"connect", "-w", "did you mean -wait?"},
		{"connect", "-s", "did you mean -subprotocol?"},
		{"connect", "--no-check", "did you mean -k?"},
		{"connect", "--max-redirects", "did you mean -L?"},
		{"load", "--insecure", "did you mean -k?"},
		{"record", "--execute", "\"airsocket help record\" lists the flags"}, // it has no -x
		{"man", "-x", "unknown flag -x; man has no flags\n"},
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
	for _, url := range []string{"ws://127.0.0.1:10081/", "localhost:10081"} {
		clitest.Execute(t, nil, url).Want(t, exit.Usage, `unknown command "`+url+`", did you mean "airsocket connect `+url+`"?`)
	}
	clitest.Execute(t, nil, "dance").Want(t, exit.Usage, `unknown command "dance"; "airsocket help" lists the commands`)
}

// All names of flags elsewhere lead to a flag of connect.
func TestFlagsElsewhere(t *testing.T) {
	t.Parallel()
	for elsewhere, here := range options.Elsewhere {
		clitest.Execute(t, nil, "connect", "-"+elsewhere).Want(t, exit.Usage, "unknown flag -"+elsewhere+", did you mean -"+here+"?")
	}
}

func TestBadValuesOfFlags(t *testing.T) {
	t.Parallel()
	for flag, say := range map[string]string{
		"-n=few":     `invalid value "few" for flag -n: not a whole number`,
		"-fold=1e99": `invalid value "1e99" for flag -fold: not a whole number`,
		"-k=maybe":   `invalid boolean value "maybe" for -k: not true or false`,
		"-n":         "flag needs an argument: -n",
		"-bearer=":   "the value of -bearer is empty",
	} {
		clitest.Execute(t, nil, "connect", flag).Want(t, exit.Usage, say)
	}
}
