package main

import (
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// fder is a file, as far as a terminal is concerned.
type fder interface{ Fd() uintptr }

func isTerminal(f any) bool {
	file, ok := f.(fder)
	return ok && term.IsTerminal(int(file.Fd()))
}

// A screen is a terminal in its two directions.
type screen struct {
	io.Reader
	io.Writer
	in, out int // descriptors
}

// findTerminal returns the screen if both ends of it are one.
func findTerminal(stdin io.Reader, stdout io.Writer) *screen {
	if !isTerminal(stdin) || !isTerminal(stdout) {
		return nil
	}
	return &screen{stdin, stdout, int(stdin.(fder).Fd()), int(stdout.(fder).Fd())}
}

// raw has the terminal give every key at once, and reports to resized how big
// it is, until restore is called.
func (s *screen) raw(resized func(width, height int)) (restore func(), err error) {
	before, err := term.MakeRaw(s.in)
	if err != nil {
		return nil, err
	}
	size := func() {
		// Serial lines and some containers say 0 by 0.
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

// typed is the input of a person: lines with history and editing, and commands.
type typed struct {
	tty  *screen
	json bool

	c       *client
	term    *term.Terminal
	cooked  printer // what the client had
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

// maxTyped is where a term.Terminal stops to take what is typed.
const maxTyped = 4096

func newTerminal(rw io.ReadWriter) *term.Terminal {
	t := term.NewTerminal(rw, prompt)
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if utf8.RuneCountInString(line) >= maxTyped {
			io.WriteString(rw, "\a") // it is not taken, and that should not go unnoticed
		}
		return "", 0, false
	}
	return t
}

// read brings lines until there are no more: Ctrl-C, Ctrl-D or the end of the
// terminal close the connection.
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
	io.WriteString(t.term, "")        // takes the prompt away
	io.WriteString(t.tty, "\r\x1b[K") // and what was typed behind it
	t.restore()
	t.c.print = t.cooked
}
