// Package console has the terminal at which somebody types: an editor of lines with a history
// and completion, above which other goroutines print.
//
// The editor is our own. That of golang.org/x/term, which only asks for secrets here, drops
// what is longer than 4096 characters, sends each line of a pasted text by itself, ends at
// Ctrl-C, and has no search and no history in a file. Of the libraries for shells,
// peterh/liner 1.2 and chzyer/readline 1.5 know nothing of pastes, and the latter has had no
// release since 2022. reeflective/readline 1.3 does, but it reads the keys of the process and
// not of a given terminal, asks the terminal where its cursor is, lets a file of the user's
// change the meaning of keys, and has more than ten times as much code as this package.
package console

import (
	"bufio"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
)

// An fder has a file descriptor, as an *os.File does.
type fder interface{ Fd() uintptr }

// IsTerminal reports whether f is a terminal.
func IsTerminal(f any) bool {
	file, ok := f.(fder)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Prompt is what stands before the line that is typed.
const Prompt = "> "

// A Config says how a Terminal edits.
type Config struct {
	Color   bool
	History string // the file in which the history is kept; none if it is empty
	Limit   int    // the most bytes of an Input; if it is not positive, 64 MiB

	// Entry returns the line of the history for what was entered, which is its text if
	// Entry is nil. An empty line is not kept.
	Entry func(Input) string

	// Complete returns what the text before the cursor can be completed to: the candidates
	// are for the part of it that begins at the index from.
	Complete func(before string) (from int, candidates []Candidate)
}

func (c *Config) limit() int {
	if c.Limit > 0 {
		return c.Limit
	}
	return 64 << 20
}

// A Terminal is where somebody types.
type Terminal struct {
	in      io.Reader
	out     io.Writer
	inFD    int
	outFD   int
	config  Config
	dumb    *bufio.Reader // of a terminal that cannot move its cursor, which edits lines itself
	before  *term.State   // of the terminal; nil if it is not in raw mode
	plain   func()        // undoes what processOutput did
	unwatch func()        // stops watching for changes of size

	mu     sync.Mutex
	keys   decoder
	editor *editor
	shown  *frame // what stands on the terminal
	edited bool   // since it was drawn
}

// ErrCut is returned for a line of a dumb terminal that has become so long that the system may
// have dropped its end.
var ErrCut = errors.New("not sent: on a dumb terminal, the system cuts a line of this length; send it from a file or a pipe")

// Find returns a Terminal if stdin and stdout are terminals, and nil
// otherwise.
func Find(stdin io.Reader, stdout io.Writer) *Terminal {
	if !IsTerminal(stdin) || !IsTerminal(stdout) {
		return nil
	}
	return &Terminal{in: stdin, out: stdout, inFD: int(stdin.(fder).Fd()), outFD: int(stdout.(fder).Fd())}
}

// Echoes reports whether what is entered stays on the terminal. If it does not, the program
// should print it.
func (t *Terminal) Echoes() bool { return color.Dumb() }

// Start begins editing: the terminal no longer edits or echoes by itself, unless it is dumb.
// The error is nil even if the history cannot be read, which is printed.
func (t *Terminal) Start(c Config) error {
	t.config = c
	if color.Dumb() {
		t.dumb = bufio.NewReader(t.in)
		return nil
	}
	t.editor = newEditor(&t.config)
	t.keys.limit = c.limit()
	if err := t.raw(); err != nil {
		return err
	}
	if t.editor.history.file = c.History; c.History != "" {
		if err := t.editor.history.load(); err != nil {
			t.editor.history.file = ""
			t.editor.note("the history is not kept: " + err.Error())
		}
	}
	t.editor.reset()
	t.mu.Lock()
	t.shown = nothing()
	t.mu.Unlock()
	t.update(bracketedPaste)
	t.unwatch = watch(func() { t.update("") }, func() {
		t.again()
		t.update(bracketedPaste)
	})
	return nil
}

const (
	bracketedPaste = "\x1b[?2004h" // the terminal says what is pasted
	plainPaste     = "\x1b[?2004l"
	clearScreen    = "\x1b[H\x1b[2J"
)

// raws are the terminals in raw mode.
var raws = struct {
	mu sync.Mutex
	of map[*Terminal]bool
}{of: map[*Terminal]bool{}}

// raw puts the terminal into raw mode, with keys and not lines as input.
func (t *Terminal) raw() (err error) {
	raws.mu.Lock()
	defer raws.mu.Unlock()
	if t.before, err = term.MakeRaw(t.inFD); err == nil {
		raws.of[t] = true
		t.plain = processOutput(t.outFD)
	}
	return err
}

// again puts the terminal into raw mode again, which a shell may have changed while the
// program did not run.
func (t *Terminal) again() {
	raws.mu.Lock()
	defer raws.mu.Unlock()
	if raws.of[t] {
		term.MakeRaw(t.inFD)
	}
}

// Restore gives all terminals back, as Stop does. It is for a program that ends at once.
func Restore() {
	raws.mu.Lock()
	defer raws.mu.Unlock()
	for t := range raws.of {
		t.restore("\r\n")
	}
}

// restore makes the terminal edit lines again, and then prints something, so that whoever sees
// it is answered by the system. raws is locked.
func (t *Terminal) restore(last string) {
	term.Restore(t.inFD, t.before)
	io.WriteString(t.out, plainPaste+last)
	t.plain()
	delete(raws.of, t)
}

// Stop removes the prompt and what was typed after it, and gives the terminal back, if
// Start was called. What was typed and not entered is kept in the history.
func (t *Terminal) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shown == nil {
		return
	}
	t.unwatch()
	if e := t.editor; e.text != "" && !e.ended {
		e.remember(Input{e.text, e.pasted})
	}
	columns, _ := t.Size()
	raws.mu.Lock()
	defer raws.mu.Unlock()
	if raws.of[t] {
		t.restore(t.shown.erase(columns))
	}
	t.shown = nil
}

// Size returns the columns and lines of the terminal.
func (t *Terminal) Size() (columns, lines int) { return size(t.outFD) }

// Columns returns the columns of the terminal f.
func Columns(f any) int {
	columns := 80
	if file, ok := f.(fder); ok {
		columns, _ = size(int(file.Fd()))
	}
	return columns
}

func size(fd int) (columns, lines int) {
	// Serial lines and some containers report 0 by 0.
	if w, h, err := term.GetSize(fd); err == nil && w > 0 && h > 0 {
		return w, h
	}
	return 80, 24
}

// Print writes text, which ends with a line end, above the line that is being typed, if one
// is.
func (t *Terminal) Print(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shown == nil {
		_, err := io.WriteString(t.out, text)
		return err
	}
	return t.redraw(text)
}

// update prints text above the line that is being typed, and draws the line.
func (t *Terminal) update(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.redraw(text)
}

// redraw is update for a caller who holds the lock.
func (t *Terminal) redraw(text string) error {
	if t.shown == nil {
		return nil
	}
	var b strings.Builder
	e := t.editor
	columns, lines := t.Size()
	b.WriteString(t.shown.erase(columns))
	if e.clear {
		b.WriteString(clearScreen)
	}
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n"))
	for _, note := range e.notes {
		b.WriteString(margin + color.Faint.Paint(t.config.Color, note) + "\r\n")
	}
	if e.bell {
		b.WriteByte('\a')
	}
	if t.edited || t.shown.columns != columns || t.shown.lines != lines {
		t.shown, t.edited = e.frame(columns, lines, t.config.Color), false
	}
	b.WriteString(t.shown.draw())
	e.clear, e.bell, e.notes = false, false, nil
	_, err := io.WriteString(t.out, b.String())
	return err
}

// ReadLine waits for what is entered. The error is io.EOF after Ctrl-C without a text or
// Ctrl-D, and at the end of the terminal.
func (t *Terminal) ReadLine() (Input, error) {
	if t.dumb != nil {
		return t.readCooked()
	}
	buf := make([]byte, 4096)
	for {
		if in, ok, ended := t.next(); ok {
			return in, nil
		} else if ended {
			return Input{}, io.EOF
		}
		n, err := t.in.Read(buf)
		t.typed(buf[:n], err != nil)
	}
}

// next returns the next of what was entered, if any, and whether there will be no more.
func (t *Terminal) next() (in Input, ok, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.editor
	if len(e.entered) == 0 {
		return in, false, e.ended
	}
	in, e.entered = e.entered[0], e.entered[1:]
	return in, true, false
}

const ctrlC = "\x03"

// typed takes what the terminal sent.
func (t *Terminal) typed(p []byte, ended bool) {
	t.mu.Lock()
	e := t.editor
	if t.keys.pasting && string(p) == ctrlC { // pressed, as a paste comes with its end
		t.keys.drop()
	} else {
		t.keys.feed(p, e.press)
	}
	if e.pasting = -1; t.keys.pasting {
		e.pasting = t.keys.size
	}
	t.edited = true
	if t.keys.escaped() && e.escape() {
		t.keys.forget()
	}
	e.ended = e.ended || ended
	suspended := e.suspend
	e.suspend = false
	t.redraw("")
	t.mu.Unlock()
	if suspended {
		t.suspend()
	}
}

// suspend stops the program, as Ctrl-Z does, until the shell continues it.
func (t *Terminal) suspend() {
	if !canSuspend {
		return
	}
	t.mu.Lock()
	columns, _ := t.Size()
	if t.shown == nil {
		t.mu.Unlock()
		return
	}
	io.WriteString(t.out, t.shown.erase(columns)+plainPaste)
	raws.mu.Lock()
	if raws.of[t] {
		term.Restore(t.inFD, t.before)
	}
	raws.mu.Unlock()
	t.shown = nothing()
	t.mu.Unlock()
	stopProcess()
	// The process may go on for a moment before it stops, and does not stop at all if no
	// shell could continue it. After it was stopped, it is told so, and need not wait.
	time.Sleep(stopping)
	t.again()
	t.update(bracketedPaste)
}

// stopping is the time in which a process stops.
const stopping = 100 * time.Millisecond

// readCooked reads a line of a dumb terminal.
func (t *Terminal) readCooked() (Input, error) {
	line, err := t.dumb.ReadString('\n')
	if err != nil {
		return Input{}, io.EOF
	}
	if line = strings.TrimRight(line, "\r\n"); len(line) >= maxCooked() {
		return Input{}, ErrCut
	}
	return Input{Text: line}, nil
}

// maxCooked is how many bytes of a line most systems take that edit it themselves.
func maxCooked() int {
	switch runtime.GOOS {
	case "linux", "windows":
		return 4095
	}
	return 1023
}
