package completion

import (
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
)

func bash(b *strings.Builder, p *command.Program) {
	fmt.Fprintf(b, `# Completion of %[1]s for bash.

_%[1]s_words() {
	COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_%[1]s_files() {
	local IFS=$'\n'
	compopt -o filenames 2>/dev/null
	COMPREPLY=($(compgen "$1" -- "$cur"))
}

_%[1]s() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=
	COMPREPLY=()
	if [ "$COMP_CWORD" -le 1 ]; then
		_%[1]s_words "%[2]s"
		return
	fi
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	# In -flag=value the = is a word of its own.
	if [ "$cur" = "=" ]; then
		cur=
	elif [ "$prev" = "=" ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $prev in --?*) prev=${prev#-} ;; esac
	case ${COMP_WORDS[1]} in
	help)
		_%[1]s_words "%[2]s"
		;;
`, p.Name, strings.Join(names(p), " "))
	for i := range p.Commands {
		c := &p.Commands[i]
		fmt.Fprintf(b, "\t%s)\n\t\tcase $prev in\n", c.Name)
		var all, silent []string
		for _, f := range c.Flags() {
			all = append(all, "-"+f.Name)
			switch {
			case len(f.Values) > 0:
				fmt.Fprintf(b, "\t\t-%s) _%s_words %q; return ;;\n", f.Name, p.Name, strings.Join(f.Values, " "))
			case isFile(f):
				fmt.Fprintf(b, "\t\t-%s) _%s_files -f; return ;;\n", f.Name, p.Name)
			case isFolder(f):
				fmt.Fprintf(b, "\t\t-%s) _%s_files -d; return ;;\n", f.Name, p.Name)
			case f.Argument != "":
				silent = append(silent, "-"+f.Name)
			}
		}
		if len(silent) > 0 {
			fmt.Fprintf(b, "\t\t%s) return ;;\n", strings.Join(silent, "|"))
		}
		fmt.Fprintf(b, "\t\tesac\n\t\tcase $cur in\n\t\t--*) cur=${cur#-}; _%s_words %q ;;\n\t\t-*) _%[1]s_words %[2]q ;;\n", p.Name, strings.Join(all, " "))
		if takesFiles(c) {
			fmt.Fprintf(b, "\t\t*) _%s_files -f ;;\n", p.Name)
		} else if v := values(p, c); v != nil {
			fmt.Fprintf(b, "\t\t*) _%s_words %q ;;\n", p.Name, strings.Join(v, " "))
		}
		b.WriteString("\t\tesac\n\t\t;;\n")
	}
	fmt.Fprintf(b, "\tesac\n}\n\ncomplete -F _%[1]s %[1]s\n", p.Name)
}
