package completion

import (
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
)

func fish(b *strings.Builder, p *command.Program) {
	fmt.Fprintf(b, "# Completion of %[1]s for fish.\n\ncomplete -c %[1]s -f\n", p.Name)
	begin := func(when string) { fmt.Fprintf(b, "complete -c %s -n %s", p.Name, fishWord(when)) }
	add := func(format string, args ...any) { fmt.Fprintf(b, " "+format, args...) }
	end := func() { b.WriteByte('\n') }

	begin("__fish_use_subcommand")
	add("-a help -d %s", fishWord("print what a command does, and its flags"))
	end()
	for _, c := range p.Commands {
		begin("__fish_use_subcommand")
		add("-a %s -d %s", c.Name, fishWord(c.Summary))
		end()
	}
	begin("__fish_seen_subcommand_from help")
	add("-a %s", fishWord(strings.Join(names(p), " ")))
	end()
	for i := range p.Commands {
		c := &p.Commands[i]
		in := "__fish_seen_subcommand_from " + c.Name
		if takesFiles(c) {
			begin(in)
			add("-F")
			end()
		} else if v := values(p, c); v != nil {
			begin(in)
			add("-a %s", fishWord(strings.Join(v, " ")))
			end()
		}
		for _, f := range c.Flags() {
			begin(in)
			if len(f.Name) == 1 {
				add("-s %s", f.Name)
			} else {
				add("-o %s", f.Name)
			}
			add("-d %s", fishWord(first(f)))
			switch {
			case len(f.Values) > 0:
				add("-x -a %s", fishWord(strings.Join(f.Values, " ")))
			case isFile(f), isFolder(f):
				add("-r -F")
			case f.Argument != "":
				add("-x")
			}
			end()
		}
	}
}

// fishWord returns s as a word of fish.
func fishWord(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
