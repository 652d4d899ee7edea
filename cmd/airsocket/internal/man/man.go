// Package man has the command that prints the manual page of the program.
package man

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

const help = `Prints the manual page of the program, airsocket(1), in the language of man.

Examples:
  airsocket man | man -l -                  read it
  airsocket man >/usr/local/share/man/man1/airsocket.1
`

// Command returns the command, for a program that includes it.
func Command(p *command.Program) command.Command {
	return command.Command{
		Name: "man", Summary: "print the manual page",
		Help: help,
		New: func(*flag.FlagSet) command.Action {
			return func(_ context.Context, args []string, std *command.Std) (int, error) {
				if len(args) > 0 {
					return exit.Usage, fmt.Errorf("man takes no arguments, not %q", args[0])
				}
				_, err := io.WriteString(std.Out, page(p))
				return exit.OK, err
			}
		},
	}
}

// page returns the manual page.
func page(p *command.Program) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"%s\"\n.SH NAME\n%s \\- WebSocket client, server and test tool\n.SH SYNOPSIS\n", strings.ToUpper(p.Name), text(date()), p.Name)
	for i, c := range p.Commands {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, ".B %s %s\n", p.Name, text(c.Name))
		if c.Usage != "" {
			fmt.Fprintf(&b, "%s\n", line(c.Usage))
		}
	}
	b.WriteString(".SH DESCRIPTION\n")
	body(&b, p.Trailer)
	for i := range p.Commands {
		c := &p.Commands[i]
		fmt.Fprintf(&b, ".SH %s\n", line(strings.ToUpper(c.Name)))
		body(&b, strings.TrimSuffix(strings.TrimSpace(c.Help), "Flags:"))
		for _, f := range c.Flags() {
			fmt.Fprintf(&b, ".TP\n.B \\-%s", text(f.Name))
			if f.Argument != "" {
				fmt.Fprintf(&b, " \\fI%s\\fR", text(f.Argument))
			}
			b.WriteByte('\n')
			usage := strings.Join(strings.Fields(f.Usage), " ")
			if f.Default != "" {
				usage += " (default " + f.Default + ")"
			}
			fmt.Fprintf(&b, "%s\n", line(usage))
		}
	}
	return b.String()
}

// body writes paragraphs. Lines that are indented stay as they are.
func body(b *strings.Builder, s string) {
	literal, blank := false, false
	for l := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		switch indented := strings.HasPrefix(l, "  "); {
		case l == "":
			blank = true
			continue
		case indented && !literal:
			b.WriteString(".PP\n.nf\n")
		case !indented && literal:
			b.WriteString(".fi\n.PP\n")
		case blank && !literal:
			b.WriteString(".PP\n")
		}
		blank = false
		literal = strings.HasPrefix(l, "  ")
		fmt.Fprintf(b, "%s\n", line(l))
	}
	if literal {
		b.WriteString(".fi\n")
	}
}

// text returns s without what has a meaning in roff inside a line.
func text(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(s)
}

// line returns s as a line that is no request.
func line(s string) string {
	s = text(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, " ") {
		return `\&` + s
	}
	return s
}

// date returns the date of the commit that the program was built from, if it is known.
func date() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" && len(s.Value) >= len(time.DateOnly) {
			return s.Value[:len(time.DateOnly)]
		}
	}
	return ""
}
