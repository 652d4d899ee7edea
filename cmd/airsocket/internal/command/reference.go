package command

import "flag"

// A Flag describes a flag of a command.
type Flag struct {
	Name     string
	Usage    string
	Argument string   // what its value is called, or "" if it needs none
	Default  string   // "" if it is zero
	Values   []string // if they are fixed
}

// Flags returns the flags of c, in order.
func (c *Command) Flags() []Flag {
	fs := newFlags(c.Name)
	c.New(fs)
	var all []Flag
	fs.VisitAll(func(f *flag.Flag) {
		d := Flag{Name: f.Name, Default: f.DefValue}
		d.Argument, d.Usage = flag.UnquoteUsage(f)
		switch d.Default {
		case "0", "false", "0s", "[]":
			d.Default = ""
		}
		if c, ok := f.Value.(Chooser); ok {
			d.Values = c.Values()
		}
		all = append(all, d)
	})
	return all
}
