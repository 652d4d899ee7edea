package main

import "testing"

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
		command(t, nil, test.command, test.flag).want(t, exitUsage, test.say)
	}
}

func TestUnknownCommandIsSuggested(t *testing.T) {
	t.Parallel()
	command(t, nil, "conect", "ws://a/").want(t, exitUsage, `unknown command "conect", did you mean connect?`)
	command(t, nil, "help", "sevre").want(t, exitUsage, `unknown command "sevre", did you mean serve?`)
	command(t, nil, "dance").want(t, exitUsage, `unknown command "dance"; "airsocket help" lists the commands`)
}

func TestTypingErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "abd", 1}, {"abc", "ac", 1}, {"abc", "xabc", 1}, {"abcd", "acbd", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := typingErrors(test.a, test.b); got != test.want {
			t.Errorf("from %q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
