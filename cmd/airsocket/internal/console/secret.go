package console

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// errNoTerminal is returned when there is nobody to ask.
var errNoTerminal = errors.New("there is no terminal to ask on")

// Asker returns a function that asks for a secret on the terminal, which does not show what
// is typed. The terminal is stdin and stderr if both are terminals, and otherwise that of
// the process, so that stdin can be a pipe. The function returns early if ctx is done.
func Asker(ctx context.Context, stdin io.Reader, stderr io.Writer) func(prompt string) (string, error) {
	return func(prompt string) (string, error) {
		if IsTerminal(stdin) && IsTerminal(stderr) {
			return ask(ctx, stdin, stderr, prompt)
		}
		in, out := "/dev/tty", "/dev/tty"
		if runtime.GOOS == "windows" {
			in, out = "CONIN$", "CONOUT$"
		}
		r, err := os.OpenFile(in, os.O_RDWR, 0)
		if err != nil {
			return "", errNoTerminal
		}
		defer r.Close()
		w, err := os.OpenFile(out, os.O_RDWR, 0)
		if err != nil {
			return "", errNoTerminal
		}
		defer w.Close()
		return ask(ctx, r, w, prompt)
	}
}

// ask asks at the terminal in, whose descriptor it needs. The prompt appears only when the
// terminal shows nothing any more.
func ask(ctx context.Context, in io.Reader, out io.Writer, prompt string) (string, error) {
	fd := int(in.(fder).Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", errNoTerminal
	}
	defer term.Restore(fd, before)
	type answer struct {
		text string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		var a answer
		a.text, a.err = term.NewTerminal(bytewise{in, out}, "").ReadPassword(prompt)
		typed <- a
	}()
	select {
	case a := <-typed:
		if a.err == io.EOF {
			io.WriteString(out, "\r\n")
			return "", errors.New("nothing was typed")
		}
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// bytewise reads one byte at a time, so that what is typed after the answer is left for
// those who read next.
type bytewise struct {
	io.Reader
	io.Writer
}

func (b bytewise) Read(p []byte) (int, error) { return b.Reader.Read(p[:min(1, len(p))]) }
