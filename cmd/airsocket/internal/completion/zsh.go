package completion

import (
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
)

func zsh(b *strings.Builder, p *command.Program) {
	fmt.Fprintf(b, `#compdef %[1]s
# Completion of %[1]s for zsh.

_%[1]s() {
	local -a commands
	commands=(
`, p.Name)
	fmt.Fprintf(b, "\t\t%s\n", quoted("help:print what a command does, and its flags"))
	for _, c := range p.Commands {
		fmt.Fprintf(b, "\t\t%s\n", quoted(c.Name+":"+strings.ReplaceAll(c.Summary, ":", `\:`)))
	}
	fmt.Fprintf(b, `	)
	if (( CURRENT == 2 )); then
		_describe command commands
		return
	fi
	local name=$words[2]
	shift words
	(( CURRENT-- ))
	case $name in
	help)
		_describe command commands
		;;
`)
	for i := range p.Commands {
		c := &p.Commands[i]
		fmt.Fprintf(b, "\t%s)\n\t\t_arguments", c.Name)
		for _, f := range c.Flags() {
			spec := "*-" + f.Name + "[" + escaped(first(f), `[]:\`) + "]"
			if f.Argument != "" {
				spec += ":" + escaped(f.Argument, `:\`) + ":" + zshAction(f)
			}
			fmt.Fprintf(b, " \\\n\t\t\t%s", quoted(spec))
		}
		switch v := values(p, c); {
		case takesFiles(c):
			fmt.Fprintf(b, " \\\n\t\t\t%s", quoted("*:file:_files"))
		case v != nil:
			fmt.Fprintf(b, " \\\n\t\t\t%s", quoted("1:value:("+strings.Join(v, " ")+")"))
		default: // so that flags are completed after another argument
			fmt.Fprintf(b, " \\\n\t\t\t%s", quoted("*:argument: "))
		}
		b.WriteString("\n\t\t;;\n")
	}
	fmt.Fprintf(b, "\tesac\n}\n\ncompdef _%[1]s %[1]s\n", p.Name)
}

func zshAction(f command.Flag) string {
	switch {
	case len(f.Values) > 0:
		return "(" + strings.Join(f.Values, " ") + ")"
	case isFile(f):
		return "_files"
	case isFolder(f):
		return "_files -/"
	}
	return " " // nothing
}

// escaped puts a backslash before each of the characters.
func escaped(s, characters string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(characters, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// quoted returns s as a word of zsh.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
