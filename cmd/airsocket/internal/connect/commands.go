package connect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// A typedCommand can be typed instead of a message.
type typedCommand struct {
	name, args, help string
	run              func(t *typed, arg string) error
}

// commands lists the commands. It is set by init because /help uses it.
var commands []typedCommand

func init() {
	commands = []typedCommand{
		{"/ping", "[TEXT]", "send a ping, and show how long the answer takes", sendPing},
		{"/text", "TEXT", "send TEXT, even if empty or with a slash first", sendText},
		{"/binary", "HEX", "send a binary message", sendBinary},
		{"/file", "[-text|-binary] PATH", "send a file, as text if it is UTF-8 without NUL", sendFile},
		{"/show", "[N]", "print all of message N, or of the last received", show},
		{"/save", "[N|-log] FILE", "save it; -log: save all events, as -json prints", save},
		{"/stats", "", "print what was sent, received and measured", stats},
		{"/close", "[CODE [REASON]]", "close; CODE is 1000 (the default) or 3000 to 4999", sendClose},
		{"/help", "", "print this", list},
	}
}

// keys lists what keys do, for /help.
var keys = []struct{ name, help string }{
	{"Tab", "complete a command or file"}, {"Ctrl-R", "search what was typed before"},
	{"Alt-Enter", "begin another line"}, {"Ctrl-C", "clear the line, or end"},
	{"Up, Down", "what was typed before"}, {"Ctrl-D", "end"},
}

// enter runs the command that was entered, or sends a message. What was pasted is never a
// command.
func (t *typed) enter(in console.Input) {
	var err error
	switch {
	case in.Pasted || in.Text != "" && in.Text[0] != '/':
		err = sendText(t, in.Text)
	case in.Text != "":
		err = t.command(in.Text)
	}
	if err != nil {
		t.fail(err)
	}
}

func (t *typed) command(line string) error {
	name, arg, _ := strings.Cut(line, " ")
	for _, cmd := range commands {
		if cmd.name == name {
			return cmd.run(t, arg)
		}
	}
	return fmt.Errorf("unknown command %s; /help lists them, and /text sends any text", name)
}

// list prints the commands and keys.
func list(t *typed, _ string) error {
	columns, _ := t.tty.Size()
	t.help(helpLines(columns)...)
	return nil
}

// helpLines returns the lines of /help for a terminal with so many columns.
func helpLines(columns int) []string {
	var lines []string
	if columns < 80 {
		for _, cmd := range commands {
			lines = append(lines, strings.TrimSpace(cmd.name+" "+cmd.args), "    "+cmd.help)
		}
		for _, k := range keys {
			lines = append(lines, fmt.Sprintf("%-10s %s", k.name, k.help))
		}
		return lines
	}
	for _, cmd := range commands {
		lines = append(lines, fmt.Sprintf("%-26s %s", cmd.name+" "+cmd.args, cmd.help))
	}
	lines = append(lines, "")
	for i := 0; i < len(keys); i += 2 {
		a, b := keys[i], keys[i+1]
		lines = append(lines, fmt.Sprintf("%-10s %-28s  %-7s %s", a.name, a.help, b.name, b.help))
	}
	return lines
}

func stats(t *typed, _ string) error {
	t.help(t.tally.lines(time.Now(), t.c.socket.BufferedAmount())...)
	return nil
}

// send sends a message or a ping.
func (t *typed) send(e journal.Event) error {
	err := t.c.send(e)
	if err == nil {
		t.c.tell(e)
	}
	return err
}

func sendText(t *typed, text string) error { return t.send(outgoing([]byte(text), false)) }

func sendPing(t *typed, text string) error {
	return t.send(journal.Event{Kind: "ping", Out: true, Data: []byte(text)})
}

func sendBinary(t *typed, digits string) error {
	digits = strings.TrimPrefix(strings.ReplaceAll(digits, " ", ""), "0x")
	p, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("/binary takes pairs of hexadecimal digits: %w", err)
	}
	return t.send(outgoing(p, true))
}

func sendClose(t *typed, arg string) error {
	code := airsocket.StatusNormalClosure
	digits, reason, _ := strings.Cut(strings.TrimSpace(arg), " ")
	if digits != "" {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return fmt.Errorf("/close takes a status code and a reason: %q is not a code", digits)
		}
		code = airsocket.StatusCode(n)
	}
	return t.c.closeWith(code, reason)
}

// show prints all of a message.
func show(t *typed, arg string) error {
	if t.config.json {
		return errors.New("/show is of no use with -json, which prints all of each message")
	}
	e, err := t.message(strings.TrimSpace(arg))
	if err != nil {
		return err
	}
	return t.tty.Print(t.view.Whole(e))
}

var errKeptNoLonger = fmt.Errorf("that message is kept no longer: the last %d events are, with up to %d MiB", maxKept, maxKeptBytes>>20)

// message returns the message with the number arg, or the last one that was received if arg
// is empty.
func (t *typed) message(arg string) (journal.Event, error) {
	if arg == "" {
		if e, ok := t.kept.received(); ok {
			return e, nil
		}
		if t.tally.in.messages > 0 {
			return journal.Event{}, errKeptNoLonger
		}
		return journal.Event{}, errors.New("no message has been received")
	}
	n, err := strconv.Atoi(arg)
	if err != nil {
		return journal.Event{}, fmt.Errorf("%q is not the number of a message", arg)
	}
	if e, ok := t.kept.message(n); ok {
		return e, nil
	}
	if n > 0 && n <= t.kept.messages {
		return journal.Event{}, errKeptNoLonger
	}
	return journal.Event{}, fmt.Errorf("there is no message %d", n)
}
