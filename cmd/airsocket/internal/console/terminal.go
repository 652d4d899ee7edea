// Package console has the terminal at which somebody types.
package console

import (
	"io"
	"unicode/utf8"

	"golang.org/x/term"
)

// An fder has a file descriptor, as an *os.File does.
type fder interface{ Fd() uintptr }

// IsTerminal reports whether f is a terminal.
func IsTerminal(f any) bool {
	file, ok := f.(fder)
	return ok && term.IsTerminal(int(file.Fd()))
}

// A Terminal is where somebody types, with line editing and history.
type Terminal struct {
	io.Reader
	io.Writer
	in, out int // descriptors

	editor  *term.Terminal
	restore func()
}

// Find returns a Terminal if stdin and stdout are terminals, and nil
// otherwise.
func Find(stdin io.Reader, stdout io.Writer) *Terminal {
	if !IsTerminal(stdin) || !IsTerminal(stdout) {
		return nil
	}
	return &Terminal{Reader: stdin, Writer: stdout, in: int(stdin.(fder).Fd()), out: int(stdout.(fder).Fd())}
}

// raw puts the terminal into raw mode until restore is called. It calls resized
// with the size of the terminal, at once and whenever the size changes.
func (s *Terminal) raw(resized func(width, height int)) (restore func(), err error) {
	before, err := term.MakeRaw(s.in)
	if err != nil {
		return nil, err
	}
	size := func() {
		// Serial lines and some containers report 0 by 0.
		if w, h, err := term.GetSize(s.out); err == nil && w > 0 {
			resized(w, h)
		}
	}
	size()
	stop := onResize(size)
	return func() {
		stop()
		term.Restore(s.in, before)
	}, nil
}

// Prompt is what stands before the line that is typed.
const Prompt = "> "

// Start begins editing: the terminal no longer edits or echoes by itself.
func (t *Terminal) Start() error {
	t.editor = newEditor(t)
	restore, err := t.raw(func(w, h int) { t.editor.SetSize(w, h) })
	if err != nil {
		return err
	}
	t.restore = restore
	t.editor.SetBracketedPasteMode(true)
	return nil
}

// Print writes text above the line that is being typed.
func (t *Terminal) Print(text string) error {
	_, err := io.WriteString(t.editor, text)
	return err
}

// ReadLine waits for a line. pasted reports whether it was pasted and not typed. The error
// is io.EOF after Ctrl-C and Ctrl-D.
func (t *Terminal) ReadLine() (line string, pasted bool, err error) {
	line, err = t.editor.ReadLine()
	if err == term.ErrPasteIndicator {
		return line, true, nil
	}
	return line, false, err
}

// Stop removes the prompt and what was typed after it, and gives the terminal back, if
// Start was called.
func (t *Terminal) Stop() {
	if t.restore == nil {
		return
	}
	t.editor.SetPrompt("")
	t.editor.SetBracketedPasteMode(false)
	io.WriteString(t.editor, "")
	io.WriteString(t.Writer, "\r\x1b[K")
	t.restore()
}

// MaxTyped is the length of a line at which a term.Terminal ignores further
// characters.
const MaxTyped = 4096

func newEditor(rw io.ReadWriter) *term.Terminal {
	t := term.NewTerminal(rw, Prompt)
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if utf8.RuneCountInString(line) >= MaxTyped {
			io.WriteString(rw, "\a") // the key is ignored, and the user should notice
		}
		return "", 0, false
	}
	return t
}
