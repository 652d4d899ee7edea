package connect

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
)

// A typed source sends the messages, and runs the commands, that are typed on a terminal.
type typed struct {
	tty    *console.Terminal
	config *config
	view   *view.View

	c     *client
	kept  kept
	tally tally
}

func (t *typed) start(c *client) {
	t.c = c
	history, err := t.config.look.file()
	if err != nil {
		c.tell(journal.Event{Kind: "input", Text: "the history is not kept: " + err.Error()})
	}
	if err := t.tty.Start(console.Config{
		Color: t.view.Color, History: history, Limit: t.config.Options.MaxMessage, Entry: entry, Complete: complete,
	}); err != nil {
		c.fail(err)
		return
	}
	if !t.config.json {
		t.help("type a message, or /help")
	}
	go t.read()
}

// entry returns the line of the history for what was entered. What was pasted is no command,
// and must not become one when it is entered again.
func entry(in console.Input) string {
	if in.Pasted && strings.HasPrefix(in.Text, "/") {
		return "/text " + in.Text
	}
	return in.Text
}

// print prints an event above the line that is being typed, and keeps it.
func (t *typed) print(e journal.Event) error {
	now := time.Now()
	t.tally.count(e, now)
	e.Data = bytes.Clone(e.Data)
	n := t.kept.add(e, now)
	if t.config.json {
		return journal.Write(t, now, e)
	}
	if e.Out && e.Kind == "message" && t.tty.Echoes() {
		return nil
	}
	return t.tty.Print(t.view.Event(e, now, fmt.Sprintf("/show %d prints it", n)))
}

// Write prints p above the line that is being typed.
func (t *typed) Write(p []byte) (int, error) { return len(p), t.tty.Print(string(p)) }

// help prints lines of text that are not about the connection.
func (t *typed) help(lines ...string) {
	for _, line := range lines {
		e := journal.Event{Kind: "help", Text: line}
		if t.config.json {
			journal.Write(t, time.Now(), e)
		} else {
			t.tty.Print(t.view.Note(e))
		}
	}
}

// read reads lines and passes them to the client. Ctrl-C, Ctrl-D or the end of
// the terminal closes the connection.
func (t *typed) read() {
	for {
		in, err := t.tty.ReadLine()
		switch err {
		case nil:
			t.c.disp.Post(func() { t.enter(in) })
		case console.ErrCut:
			t.c.disp.Post(func() { t.fail(err) })
		default:
			t.c.disp.Post(t.c.close)
			t.tty.Stop() // so that Ctrl-C interrupts, but after close, if the peer does not answer
			return
		}
	}
}

// fail prints why something that was typed was not done.
func (t *typed) fail(err error) {
	t.c.tell(journal.Event{Kind: "input", Text: exit.Text(err)})
}

func (t *typed) taken() {}

func (t *typed) stop() { t.tty.Stop() }
