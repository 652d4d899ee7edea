package color

import "testing"

func TestMode(t *testing.T) {
	for _, test := range []struct {
		mode          Mode
		terminal      bool
		term, noColor string
		want          bool
	}{
		{Auto, true, "xterm", "", true},
		{Auto, true, "", "", true},
		{Auto, false, "xterm", "", false},
		{Auto, true, "dumb", "", false},
		{Auto, true, "xterm", "1", false},
		{Auto, true, "xterm", "0", false},
		{Always, false, "dumb", "1", true},
		{Never, true, "xterm", "", false},
	} {
		t.Setenv("TERM", test.term)
		t.Setenv("NO_COLOR", test.noColor)
		if got := test.mode.On(test.terminal); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		style Style
		on    bool
		text  string
		want  string
	}{
		{Sent, true, "a", "\x1b[36ma\x1b[0m"}, {Sent, false, "a", "a"}, {Plain, true, "a", "a"}, {Sent, true, "", ""},
	} {
		if got := test.style.Paint(test.on, test.text); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
