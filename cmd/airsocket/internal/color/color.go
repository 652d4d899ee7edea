// Package color says when the program prints in color, and in which.
package color

import (
	"os"
)

// A Mode is a flag that says when to print in color.
type Mode string

// The modes.
const (
	Auto   Mode = "auto" // on a terminal, unless the environment says otherwise
	Always Mode = "always"
	Never  Mode = "never"
)

// On reports whether to print in color. terminal says whether it would be printed on a
// terminal. In the mode Auto there is none if NO_COLOR is set to anything but the empty
// string (no-color.org), or if the terminal is dumb.
func (m Mode) On(terminal bool) bool {
	if m == Auto {
		return terminal && os.Getenv("NO_COLOR") == "" && !Dumb()
	}
	return m == Always
}

// Dumb reports whether the terminal cannot move its cursor, as that of an editor.
func Dumb() bool { return os.Getenv("TERM") == "dumb" }

// A Style is how a text looks. The zero Style is plain.
type Style string

// The styles. They are of the 8 colors that every terminal has, in which users see their own
// choice of colors, on a light background as on a dark one.
const (
	Plain    Style = ""
	Faint    Style = "2"    // what is not from the peer: times, prompts, notes
	Received Style = "32"   // the mark of what was received
	Sent     Style = "36"   // the mark of what was sent
	Note     Style = "33"   // the mark of events
	Failure  Style = "31"   // errors
	Key      Style = "1;34" // names in JSON; blue alone is hardly seen on black
	String   Style = "32"
	Number   Style = "36"
	Word     Style = "35" // true, false and null
)

// Paint returns text in the style if on, and text otherwise.
func (s Style) Paint(on bool, text string) string {
	if !on || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
