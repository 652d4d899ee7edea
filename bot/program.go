package bot

import (
	"github.com/dop251/goja"
)

// A Program is a script that has been compiled. Many bots may run it, at the same time.
type Program struct {
	name    string
	program *goja.Program
}

// Compile compiles a script. The name is that of its file.
func Compile(name string, source []byte) (*Program, error) {
	p, err := goja.Compile(name, string(source), false)
	if err != nil {
		return nil, err
	}
	return &Program{name, p}, nil
}
