package replay

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// ignored stands for what -ignore matches.
const ignored = "<ignored>"

// key returns what two events must have in common to be the same: what kind they are, and
// after a line end their text.
func (c *config) key(e journal.Event) string {
	switch e.Kind {
	case "open":
		if c.serves() {
			return "open, with the subprotocols\n" + strings.Join(e.Asked, ", ")
		}
		return "open, with the subprotocol\n" + e.Chosen
	case "close":
		clean := ""
		if !e.Clean {
			clean = " without a closing handshake"
		}
		return fmt.Sprintf("close %d%s\n%s", e.Code, clean, c.mask(e.Text))
	case "message":
		if e.Binary {
			return "binary\n" + string(e.Data)
		}
		return "text\n" + c.mask(string(e.Data))
	}
	return e.Kind + "\n" + string(e.Data)
}

func (c *config) mask(text string) string {
	for _, re := range c.masks {
		text = re.ReplaceAllLiteralString(text, ignored)
	}
	return text
}

// excerpt is how many bytes of a long text are shown, and before how many of these two
// texts differ.
const excerpt, before = 80, 30

// show returns the key for people. If it is long, it shows a part that includes the byte at
// the offset at of the key.
func show(key string, at int) string {
	kind, text, _ := strings.Cut(key, "\n")
	at = max(0, at-len(kind)-1)
	from := 0
	if len(text) > excerpt {
		from = max(0, min(at-before, len(text)-excerpt))
	}
	part := text[from:min(len(text), from+excerpt)]
	shown := fmt.Sprintf("%q", part)
	if kind == "binary" {
		shown = "0x" + hex.EncodeToString([]byte(part))
	}
	if len(part) < len(text) {
		return fmt.Sprintf("%s, %d bytes, from byte %d: %s", kind, len(text), from, shown)
	}
	return kind + " " + shown
}

// differAt returns the number of bytes at the beginning that a and b have in common.
func differAt(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
