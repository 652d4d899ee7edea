package view

import (
	"fmt"
	"iter"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
)

// dump yields a line that says the size of p, and then the lines of a hex dump: the offset,
// the bytes, and those of them that are printable ASCII. A line has 16 bytes if room is enough
// for them, and otherwise 8 or 4.
func dump(p []byte, room int) iter.Seq[[]span] {
	return func(yield func([]span) bool) {
		if !yield([]span{{"binary, " + Size(len(p)), color.Faint}}) {
			return
		}
		digits := max(4, len(fmt.Sprintf("%x", max(len(p)-1, 0))))
		n := 16
		for n > 4 && digits+2+3*n+n/8+2+n+1 > room {
			n /= 2
		}
		for at := 0; at < len(p); at += n {
			if !yield(dumpLine(p[at:min(at+n, len(p))], at, digits, n)) {
				return
			}
		}
	}
}

// dumpLine returns the line of a hex dump with up to n bytes, of which the first is at the
// offset at.
func dumpLine(p []byte, at, digits, n int) []span {
	var hex strings.Builder
	ascii := make([]byte, len(p))
	for i := range n {
		if i > 0 && i%8 == 0 {
			hex.WriteByte(' ')
		}
		if i >= len(p) {
			hex.WriteString("   ")
			continue
		}
		fmt.Fprintf(&hex, "%02x ", p[i])
		if ascii[i] = p[i]; p[i] < 0x20 || p[i] > 0x7e {
			ascii[i] = '.'
		}
	}
	return []span{{fmt.Sprintf("%0*x  ", digits, at), color.Faint}, {hex.String() + " ", color.Plain}, {"|" + string(ascii) + "|", color.Faint}}
}
