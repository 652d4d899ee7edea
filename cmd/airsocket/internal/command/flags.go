package command

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// newFlags returns a flag set that prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// parse parses the args of c, in which flags and other arguments may be mixed, and
// returns the other arguments. After "--" there are no flags. The error is a
// *helpError if args ask for help.
func (p *Program) parse(c *Command, fs *flag.FlagSet, args []string) ([]string, error) {
	var others []string
	for {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, &helpError{p.helpText(c, fs)}
		} else if name, ok := unknownFlag(err); ok {
			return nil, p.suggestFlag(c, fs, name)
		} else if err != nil {
			return nil, plain(err)
		}
		parsed := len(args) - fs.NArg()
		if fs.NArg() == 0 || parsed > 0 && args[parsed-1] == "--" {
			return append(others, fs.Args()...), notEmpty(fs)
		}
		others = append(others, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// unknownFlag returns the name of the flag that err reports as unknown. It
// parses the text of err because package flag has no error value for this.
func unknownFlag(err error) (name string, ok bool) {
	if err == nil {
		return "", false
	}
	return strings.CutPrefix(err.Error(), "flag provided but not defined: -")
}

// notEmpty returns an error if a flag has an empty text, as from a variable of a shell that is
// not set: it would be the same as without the flag. Flags for lists of texts may have it.
func notEmpty(fs *flag.FlagSet) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if g, ok := f.Value.(flag.Getter); ok && g.Get() == "" {
			err = fmt.Errorf("the value of -%s is empty", f.Name)
		}
	})
	return err
}

// plain returns an error of package flag with words for people who do not program. It has
// no error values for these either.
func plain(err error) error {
	text := err.Error()
	for _, change := range [][2]string{
		{"invalid boolean value ", "not true or false"},
		{"invalid value ", "not a whole number"},
	} {
		if rest, ok := strings.CutSuffix(text, "parse error"); ok && strings.HasPrefix(text, change[0]) {
			return errors.New(rest + change[1])
		}
	}
	return err
}

func (p *Program) suggestFlag(c *Command, fs *flag.FlagSet, name string) error {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	near := c.Elsewhere[name]
	if fs.Lookup(near) == nil {
		near = nearest(name, names)
	}
	switch {
	case near != "":
		return fmt.Errorf("unknown flag -%s, did you mean -%s?", name, near)
	case names == nil:
		return fmt.Errorf("unknown flag -%s; %s has no flags", name, c.Name)
	}
	return fmt.Errorf("unknown flag -%s; \"%s help %s\" lists the flags", name, p.Name, c.Name)
}

// helpText returns the help text of c, whose flags are in fs.
func (p *Program) helpText(c *Command, fs *flag.FlagSet) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "usage: %s\n\n%s", strings.TrimSpace(p.Name+" "+c.Name+" "+c.Usage), c.Help)
	fs.SetOutput(&b)
	fs.PrintDefaults()
	fs.SetOutput(io.Discard)
	return b.String()
}

// Repeated is a flag that may be given more than once.
type Repeated []string

func (r *Repeated) String() string { return strings.Join(*r, ",") }

func (r *Repeated) Set(s string) error {
	*r = append(*r, s)
	return nil
}

// List is a flag with comma-separated values, which may be given more than
// once.
type List []string

func (l *List) String() string { return strings.Join(*l, ",") }

func (l *List) Set(s string) error {
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v == "" {
			return errors.New("an empty name in the list")
		}
		*l = append(*l, strings.TrimSpace(v))
	}
	return nil
}
