package main

import (
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// An fder has a file descriptor, as an *os.File does.
type fder interface{ Fd() uintptr }

func isTerminal(f any) bool {
	file, ok := f.(fder)
	return ok && term.IsTerminal(int(file.Fd()))
}

// A screen is a terminal, for reading and writing.
type screen struct {
	io.Reader
	io.Writer
	in, out int // descriptors
}

// findTerminal returns a screen if stdin and stdout are terminals, and nil
// otherwise.
func findTerminal(stdin io.Reader, stdout io.Writer) *screen {
	if !isTerminal(stdin) || !isTerminal(stdout) {
		return nil
	}
	return &screen{stdin, stdout, int(stdin.(fder).Fd()), int(stdout.(fder).Fd())}
}

// raw puts the terminal into raw mode until restore is called. It calls resized
// with the size of the terminal, at once and whenever the size changes.
func (s *screen) raw(resized func(width, height int)) (restore func(), err error) {
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

const prompt = "> "

// A typed source sends the messages, and runs the commands, that are typed on a
// terminal, with line editing and history.
type typed struct {
	tty  *screen
	json bool

	c       *client
	term    *term.Terminal
	cooked  printer // the printer of the client without a terminal
	restore func()
}

func (t *typed) start(c *client) {
	t.c, t.cooked = c, c.print
	t.term = newTerminal(t.tty)
	restore, err := t.tty.raw(func(w, h int) { t.term.SetSize(w, h) })
	if err != nil {
		c.fail(err)
		return
	}
	t.restore = restore
	t.term.SetBracketedPasteMode(true)
	c.print = interactive(t.term)
	if t.json {
		c.print = jsonLines(t.term, time.Now)
	} else {
		io.WriteString(t.term, "* type a message, or /help\n")
	}
	go t.read()
}

// maxTyped is the length of a line at which a term.Terminal ignores further
// characters.
const maxTyped = 4096

func newTerminal(rw io.ReadWriter) *term.Terminal {
	t := term.NewTerminal(rw, prompt)
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if utf8.RuneCountInString(line) >= maxTyped {
			io.WriteString(rw, "\a") // the key is ignored, and the user should notice
		}
		return "", 0, false
	}
	return t
}

// read reads lines and passes them to the client. Ctrl-C, Ctrl-D or the end of
// the terminal closes the connection.
func (t *typed) read() {
	for {
		line, err := t.term.ReadLine()
		pasted := errors.Is(err, term.ErrPasteIndicator)
		if err != nil && !pasted {
			t.c.disp.Post(t.c.close)
			return
		}
		t.c.disp.Post(func() { t.c.enter(line, pasted) })
	}
}

func (t *typed) taken() {}

func (t *typed) stop() {
	if t.restore == nil {
		return
	}
	t.term.SetPrompt("")
	t.term.SetBracketedPasteMode(false)
	io.WriteString(t.term, "")        // removes the prompt
	io.WriteString(t.tty, "\r\x1b[K") // and what was typed after it
	t.restore()
	t.c.print = t.cooked
}
