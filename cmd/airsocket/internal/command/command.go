// Package command has the frame of a program with commands: it parses their arguments, and
// tells what they do.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// A Command is a command of a program.
type Command struct {
	Name    string
	Usage   string // the arguments, as in "[flags] URL"
	Summary string // a line for the list of commands, without a full stop
	Help    string // the text between the usage and the flags; with examples

	// Elsewhere has what other programs call flags, and what their names are here.
	Elsewhere map[string]string

	// New adds the flags of the command to a flag set, and returns what runs it
	// after they were parsed.
	New func(*flag.FlagSet) Action
}

// An Action runs a command with the arguments that are no flags, and returns the exit
// code and the error to print. When ctx is done, it ends in good order.
type Action func(ctx context.Context, args []string, std *Std) (int, error)

// Std holds the standard streams of a program.
type Std struct {
	In       io.Reader
	Out, Err io.Writer
}

// A Program is a program with commands.
type Program struct {
	Name     string
	Commands []Command
	Client   string // the command that is meant if a URL is the first argument
	Trailer  string // the end of the help text of the program
}

// Run runs the command that args begin with, and returns the exit code.
func (p *Program) Run(ctx context.Context, args []string, std *Std) int {
	if len(args) == 0 {
		io.WriteString(std.Err, p.usage())
		return exit.Usage
	}
	code, err := p.run(ctx, args[0], args[1:], std)
	if help, ok := errors.AsType[*helpError](err); ok {
		io.WriteString(std.Out, help.text)
		return exit.OK
	}
	if err != nil {
		fmt.Fprintf(std.Err, "%s: %s\n", p.Name, escape.Text(exit.Text(err)))
	}
	return code
}

func (p *Program) run(ctx context.Context, name string, args []string, std *Std) (int, error) {
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	if name == "help" {
		return p.help(args)
	}
	c := p.find(name)
	if c == nil {
		return exit.Usage, p.unknown(name)
	}
	fs := newFlags(c.Name)
	action := c.New(fs)
	others, err := p.parse(c, fs, args)
	if err != nil {
		return exit.Usage, err
	}
	return action(ctx, others, std)
}

func (p *Program) find(name string) *Command {
	for i := range p.Commands {
		if p.Commands[i].Name == name {
			return &p.Commands[i]
		}
	}
	return nil
}

func (p *Program) unknown(name string) error {
	if host, port, ok := strings.Cut(name, ":"); ok && host != "" && port != "" {
		return fmt.Errorf("unknown command %q, did you mean \"%s %s %s\"?", name, p.Name, p.Client, name)
	}
	names := []string{"help"}
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("unknown command %q, did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown command %q; \"%s help\" lists the commands", name, p.Name)
}

// help returns a *helpError with the help text of the program or of a command.
func (p *Program) help(args []string) (int, error) {
	switch len(args) {
	case 0:
		return exit.OK, &helpError{p.usage()}
	case 1:
	default:
		return exit.Usage, fmt.Errorf("help takes one command, not %d", len(args))
	}
	if args[0] == "help" {
		return exit.OK, &helpError{p.usage()}
	}
	c := p.find(args[0])
	if c == nil {
		return exit.Usage, p.unknown(args[0])
	}
	fs := newFlags(c.Name)
	c.New(fs)
	return exit.OK, &helpError{p.helpText(c, fs)}
}

// usage returns the help text of the program.
func (p *Program) usage() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	before := "usage: "
	for _, c := range append(p.Commands[:len(p.Commands):len(p.Commands)], Command{Name: "help", Usage: "[COMMAND]", Summary: "print what a command does, and its flags"}) {
		fmt.Fprintf(w, "%s%s\t%s\n", before, strings.TrimSpace(p.Name+" "+c.Name+" "+c.Usage), c.Summary)
		before = "       "
	}
	w.Flush()
	return b.String() + p.Trailer
}

// helpError asks Run to print a help text.
type helpError struct{ text string }

func (*helpError) Error() string { return flag.ErrHelp.Error() }
