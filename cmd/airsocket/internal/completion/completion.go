// Package completion has the command that prints a script which makes a shell complete the
// arguments of the program.
package completion

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

const help = `Prints a script with which a shell completes commands, flags, the values of some flags,
and names of files.

Examples:
  airsocket completion fish >~/.config/fish/completions/airsocket.fish
  source <(airsocket completion bash)       in ~/.bashrc
  source <(airsocket completion zsh)        in ~/.zshrc, after compinit
`

var shells = map[string]func(*strings.Builder, *command.Program){"bash": bash, "zsh": zsh, "fish": fish}

// Command returns the command, for a program that includes it.
func Command(p *command.Program) command.Command {
	return command.Command{
		Name: "completion", Usage: "bash|zsh|fish", Summary: "print a script for the completion of a shell",
		Help: help,
		New: func(*flag.FlagSet) command.Action {
			return func(_ context.Context, args []string, std *command.Std) (int, error) {
				if len(args) != 1 || shells[args[0]] == nil {
					return exit.Usage, fmt.Errorf("completion takes one of bash, zsh and fish, not %q", strings.Join(args, " "))
				}
				var script strings.Builder
				shells[args[0]](&script, p)
				_, err := io.WriteString(std.Out, script.String())
				return exit.OK, err
			}
		},
	}
}

// names returns the names of the commands, which include help.
func names(p *command.Program) []string {
	all := []string{"help"}
	for _, c := range p.Commands {
		all = append(all, c.Name)
	}
	return all
}

// values returns the values of the first argument of c that are fixed.
func values(p *command.Program, c *command.Command) []string {
	if strings.Contains(c.Usage, "|") && !strings.Contains(c.Usage, " ") {
		return strings.Split(c.Usage, "|")
	}
	return nil
}

// takesFiles reports whether an argument of c that is no flag is a file.
func takesFiles(c *command.Command) bool { return strings.Contains(c.Usage, "FILE") }

// isFile and isFolder report whether the value of a flag is one.
func isFile(f command.Flag) bool {
	return strings.Contains(f.Argument, "FILE") || strings.Contains(f.Argument, "PATH")
}
func isFolder(f command.Flag) bool { return strings.Contains(f.Argument, "DIR") }

// first returns the first line of the usage of a flag.
func first(f command.Flag) string {
	line, _, _ := strings.Cut(f.Usage, "\n")
	return line
}
