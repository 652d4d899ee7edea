//go:build unix

package connect_test

import (
	"flag"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

var update = flag.Bool("update", false, "write the picture of the terminal that the README shows")

// The picture in the README shows what a user sees. -update writes it.
func TestPicture(t *testing.T) {
	t.Parallel()
	const columns, lines = 76, 22
	address, _ := aServer(t)
	s := clitest.NewScreenOf(t, columns, lines, []string{"NO_COLOR="}, `"$0" "$@"`, "connect", address)
	s.WaitFor("/help\n>")
	s.Type("hello, wörld")
	s.Keys("Enter")
	s.WaitFor("< hello, wörld\n>")
	s.Type(`{"type":"trade","price":68250.50,"sides":["buy","sell"],"maker":true}`)
	s.Keys("Enter")
	s.WaitFor("  }\n>")
	s.Type("/binary 89504e470d0a1a0a0000000d49484452")
	s.Keys("Enter")
	s.WaitFor("< binary, 16 bytes\n  0000  89")
	s.Type("/nope")
	s.Keys("Enter")
	s.WaitFor("* unknown command")
	s.Paste("two\nlines")
	s.WaitFor("2 lines:")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	got := picture(strings.ReplaceAll(s.Colored(), u.Host, "127.0.0.1:10081/"), columns)
	const name = "../../terminal.svg"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(name); err != nil || string(want) != got {
		t.Errorf("the picture is not what a user sees (%v); go test -run=TestPicture ./cmd/airsocket/internal/connect -update writes it", err)
	}
}

// codes are the escape sequences for colors.
var codes = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// picture returns an SVG picture of a screen with colors.
func picture(screen string, columns int) string {
	const cell, row, margin = 8.4, 18, 14
	screen = strings.TrimRight(screen, "\n ")
	rows := strings.Split(screen, "\n")
	w, h := float64(columns)*cell+2*margin, len(rows)*row+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %d" width="%.0f" font-family="monospace" font-size="14" fill="#d8d8d8">`+"\n", w, h, w)
	b.WriteString("<style>.c2{fill:#888}.c1{font-weight:bold}.c31{fill:#f47067}.c32{fill:#57ab5a}.c33{fill:#d4a72c}.c34{fill:#6cb6ff}.c35{fill:#dcbdfb}.c36{fill:#39c5cf}text{white-space:pre}</style>\n")
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="#1c2128"/>`+"\n")
	style := ""
	for i, text := range rows {
		column := 0
		write := func(piece string) {
			n := width.Text(piece)
			if strings.TrimSpace(piece) != "" {
				class := ""
				if style != "" {
					class = fmt.Sprintf(" class=%q", style)
				}
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n", margin+float64(column)*cell, margin+i*row+13, float64(n)*cell, class, html.EscapeString(piece))
			}
			column += n
		}
		piece := ""
		for text != "" {
			at := codes.FindStringSubmatchIndex(text)
			if at == nil {
				piece += text
				break
			}
			piece += text[:at[0]]
			// Versions of tmux differ in the codes that change nothing.
			if next := restyle(style, text[at[2]:at[3]]); next != style {
				write(piece)
				piece, style = "", next
			}
			text = text[at[1]:]
		}
		write(piece)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// restyle returns the classes after an escape sequence with parameters.
func restyle(style, parameters string) string {
	for p := range strings.SplitSeq(parameters, ";") {
		switch p {
		case "", "0":
			style = ""
		case "1", "2", "31", "32", "33", "34", "35", "36":
			style = strings.TrimSpace(style + " c" + p)
		case "39":
			style = strings.TrimSpace(regexp.MustCompile(` ?c3\d`).ReplaceAllString(style, ""))
		}
	}
	return style
}
