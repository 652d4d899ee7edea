package console

import (
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
)

// An Input is what was entered.
type Input struct {
	Text   string
	Pasted bool // it was pasted, or its beginning was
}

// A Candidate is what a text may be completed to.
type Candidate struct {
	Text  string // in place of what is completed
	Label string // in a list of candidates
}

// An editor is the state of editing. It is told of keys, and knows of no terminal.
type editor struct {
	line
	config  *Config
	history history

	killed     string // what was removed last, for Ctrl-Y
	killing    bool   // this key has removed something
	wasKilling bool   // the key before has

	recalled int  // the index of the line of the history that is shown; their number if none
	draft    line // what was typed before a line was recalled
	search   *search
	question *question
	quoted   bool // the next key is entered as a character
	full     bool // something was not taken, and nothing is until the line is edited

	pasting int // how many bytes have come of a paste that has not ended; -1 if there is none

	entered []Input
	ended   bool // there will be no more input
	suspend bool
	clear   bool // the screen is to be cleared
	bell    bool
	notes   []string // lines to print
}

// A search is a search in the history.
type search struct {
	text   string
	found  int  // index of the line, or -1
	failed bool // nothing else was found
	before line
}

// A question is what to do with several lines.
type question struct {
	before line // without what was pasted
}

func newEditor(c *Config) *editor { return &editor{config: c, pasting: -1} }

// press does what a key is for.
func (e *editor) press(k key) {
	e.killing, e.wasKilling = false, e.killing
	switch {
	case e.ended: // what follows is for whoever reads the terminal next
	case e.question != nil:
		e.answer(k)
	case e.quoted:
		e.quoted = false
		e.quote(k)
	case e.search != nil && e.searched(k):
	default:
		e.edit(k)
	}
}

// escape does what the Esc key is for, and reports whether it is for anything.
func (e *editor) escape() bool {
	switch {
	case e.question != nil:
		e.answer(key{keyText, "n"})
	case e.quoted:
		e.quoted = false
		e.put("\x1b", false)
	case e.search != nil:
		e.takeFound()
	default:
		return false
	}
	return true
}

func (e *editor) edit(k key) {
	// A text can come in pieces. The rest must not be taken without a piece that was too
	// long, nor sent.
	if e.full && (k.code == keyText || k.code == keyEnter) {
		e.bell = true
		return
	}
	e.full = false
	switch k.code {
	case keyText:
		e.put(k.text, false)
	case keyPaste:
		e.paste(k.text)
	case keyPasteTooLong:
		e.tooLong()
	case keyNewline:
		e.put("\n", false)
	case keyEnter:
		e.enter()
	case keyTab:
		e.completeWord()
	case keyBackspace:
		e.remove(e.left(), e.at)
	case keyDelete:
		e.remove(e.at, e.right())
	case keyLeft:
		e.at = e.left()
	case keyRight:
		e.at = e.right()
	case keyWordLeft:
		e.at = e.wordLeft()
	case keyWordRight:
		e.at = e.wordRight()
	case keyHome:
		e.at, _ = e.row()
	case keyEnd:
		_, e.at = e.row()
	case keyUp:
		if !e.up() {
			e.recall(e.recalled - 1)
		}
	case keyDown:
		if !e.down() {
			e.recall(e.recalled + 1)
		}
	case keyAlt:
		e.alt(k.text)
	case keyControl:
		e.control(k.text)
	default:
		e.bell = true
	}
}

func (e *editor) alt(letter string) {
	switch letter {
	case "b":
		e.at = e.wordLeft()
	case "f":
		e.at = e.wordRight()
	case "d":
		e.kill(e.at, e.wordRight())
	case "\x7f", "\x08":
		e.kill(e.wordLeft(), e.at)
	default:
		e.bell = true
	}
}

func (e *editor) control(letter string) {
	begin, end := e.row()
	switch letter {
	case "a":
		e.at = begin
	case "b":
		e.at = e.left()
	case "c":
		if e.text == "" {
			e.ended = true
		}
		e.wasKilling = false
		e.kill(0, len(e.text))
		e.recalled = len(e.history.lines)
	case "d":
		e.ended = e.text == ""
		e.remove(e.at, e.right())
	case "e":
		e.at = end
	case "f":
		e.at = e.right()
	case "k":
		e.kill(e.at, end)
	case "l":
		e.clear = true
	case "n":
		e.recall(e.recalled + 1)
	case "p":
		e.recall(e.recalled - 1)
	case "r":
		e.search = &search{found: -1, before: e.line}
	case "u":
		e.kill(begin, e.at)
	case "v":
		e.quoted = true
	case "w":
		e.kill(e.blankLeft(), e.at)
	case "y":
		e.put(e.killed, false)
	case "z":
		e.suspend = true
	default:
		e.bell = true
	}
}

// kill removes the text from begin to end, and keeps it for Ctrl-Y together with what the keys
// just before have removed.
func (e *editor) kill(begin, end int) {
	text := e.text[begin:end]
	switch {
	case text == "":
	case !e.wasKilling:
		e.killed = text
	case end == e.at:
		e.killed = text + e.killed
	default:
		e.killed += text
	}
	e.killing = text != "" || e.wasKilling
	e.remove(begin, end)
}

// put inserts a text, or none of it if the line would be too long.
func (e *editor) put(s string, pasted bool) {
	if len(e.text)+len(s) > e.config.limit() {
		e.tooLong()
		return
	}
	e.insert(s, pasted)
}

func (e *editor) tooLong() {
	e.bell, e.full = true, true
	e.note(fmt.Sprintf("not taken: the message would be longer than %d bytes; edit it, or clear it with Ctrl-C", e.config.limit()))
}

// note prints a line. Names in it may have control characters.
func (e *editor) note(text string) { e.notes = append(e.notes, escape.Text(text)) }

// paste inserts what was pasted, without the line end at its end. If it has several lines,
// the user is asked what is to be done with them.
func (e *editor) paste(text string) {
	text = strings.TrimSuffix(text, "\n")
	before := e.line
	if e.put(text, true); strings.Contains(text, "\n") && e.text != before.text {
		e.question = &question{before}
	}
}

// asked returns the question about what was pasted.
func (e *editor) asked() string {
	return fmt.Sprintf("%d lines: send as (o)ne message, (l)ine by line, (e)dit, or do (n)ot? ", 1+strings.Count(e.text, "\n"))
}

// answer takes the answer to the question about what was pasted.
func (e *editor) answer(k key) {
	if rest := ""; k.code == keyText { // typed quickly, or while the program was busy
		if k.text, rest = k.text[:1], k.text[1:]; rest != "" {
			defer e.press(key{keyText, rest})
		}
	}
	switch {
	case k.code == keyEnter, k.code == keyText && k.text == "o":
		e.question = nil
		e.enter()
	case k.code == keyText && k.text == "l":
		e.question = nil
		pasted := e.pasted
		for text := range strings.SplitSeq(e.text, "\n") {
			e.submit(text, pasted)
			pasted = true
		}
		e.reset()
	case k.code == keyText && k.text == "e":
		e.question = nil
	case k.code == keyText && k.text == "n", k.code == keyControl && (k.text == "c" || k.text == "g"):
		e.line, e.question = e.question.before, nil
	default:
		e.bell = true
	}
}

func (e *editor) enter() {
	if e.text != "" {
		e.submit(e.text, e.pasted)
	}
	e.reset()
}

func (e *editor) submit(text string, pasted bool) {
	in := Input{text, pasted}
	e.entered = append(e.entered, in)
	e.remember(in)
}

func (e *editor) remember(in Input) {
	entry := in.Text
	if e.config.Entry != nil {
		entry = e.config.Entry(in)
	}
	if err := e.history.add(entry); err != nil {
		e.note("the history is not kept: " + err.Error())
		e.history.file = "" // it is said once
	}
}

func (e *editor) reset() {
	e.line = line{}
	e.recalled = len(e.history.lines)
}

// quote enters a key as a character.
func (e *editor) quote(k key) {
	switch k.code {
	case keyTab:
		e.put("\t", false)
	case keyEnter:
		e.put("\n", false)
	case keyBackspace:
		e.put("\x7f", false)
	case keyControl:
		e.put(string(rune(k.text[0]-'a'+1)), false)
	case keyAlt:
		e.put("\x1b"+k.text, false)
	default:
		e.edit(k)
	}
}

// recall shows a line of the history, or after the last one what was typed before.
func (e *editor) recall(i int) {
	n := len(e.history.lines)
	if i < 0 || i > n {
		e.bell = true
		return
	}
	if e.recalled == n {
		e.draft = e.line
	}
	if e.recalled = i; i == n {
		e.line = e.draft
		return
	}
	e.set(e.history.lines[i])
}

// searched takes a key while the history is searched, and reports whether it was for the
// search. Otherwise the line that was found is to be edited.
func (e *editor) searched(k key) bool {
	s := e.search
	switch {
	case k.code == keyText, k.code == keyPaste && !strings.Contains(k.text, "\n"):
		for _, r := range k.text { // as if they were typed one by one
			s.text += string(r)
			from := len(e.history.lines)
			if s.found >= 0 {
				from = s.found + 1 // the same line may match the longer text
			}
			e.find(e.history.older(s.text, from))
		}
	case k.code == keyBackspace:
		if i := (&line{text: s.text, at: len(s.text)}).left(); s.text != "" {
			s.text = s.text[:i]
		}
		s.found, s.failed = -1, false
		if s.text != "" {
			e.find(e.history.older(s.text, len(e.history.lines)))
		}
	case k.code == keyControl && k.text == "r", k.code == keyUp:
		from := len(e.history.lines)
		if s.found >= 0 {
			from = s.found
		}
		e.find(e.history.older(s.text, from))
	case k.code == keyControl && k.text == "s", k.code == keyDown:
		e.find(e.history.newer(s.text, max(s.found, 0)))
	case k.code == keyControl && (k.text == "c" || k.text == "g"):
		e.line, e.search = s.before, nil
	default:
		e.takeFound()
		return false
	}
	return true
}

// find shows the line with the index i as the one that was found.
func (e *editor) find(i int) {
	if e.search.failed = i < 0; i < 0 {
		e.bell = true
		return
	}
	e.search.found = i
}

// takeFound ends the search with the line that was found, which is then edited.
func (e *editor) takeFound() {
	s := e.search
	e.search = nil
	if s.found >= 0 {
		e.set(e.history.lines[s.found])
		e.recalled = s.found
		if i := strings.Index(e.text, s.text); i >= 0 {
			e.at = i
		}
	}
}

// completeWord completes what stands before the cursor as far as it is unique, and lists the
// candidates if nothing can be added.
func (e *editor) completeWord() {
	if e.config.Complete == nil {
		e.bell = true
		return
	}
	from, candidates := e.config.Complete(e.text[:e.at])
	if len(candidates) == 0 {
		e.bell = true
		return
	}
	common := candidates[0].Text
	for _, c := range candidates[1:] {
		for !strings.HasPrefix(c.Text, common) {
			common = (&line{text: common, at: len(common)}).cut()
		}
	}
	if word := e.text[from:e.at]; len(common) > len(word) || len(candidates) == 1 {
		e.remove(from, e.at)
		e.put(common, false)
		return
	}
	labels := make([]string, 0, len(candidates))
	for _, c := range candidates[:min(len(candidates), maxListed)] {
		labels = append(labels, c.Label)
	}
	if n := len(candidates) - maxListed; n > 0 {
		labels = append(labels, fmt.Sprintf("and %d more", n))
	}
	e.note(strings.Join(labels, "  "))
}

// maxListed is how many candidates are listed.
const maxListed = 100

// cut returns the text without the character before the cursor.
func (l *line) cut() string { return l.text[:l.left()] }
