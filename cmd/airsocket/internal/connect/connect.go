// Package connect has the command that connects to a server, for people and scripts.
package connect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/wire"
)

const help = `Connects to a WebSocket server. On a terminal, type messages at the prompt. A
text that is pasted is one message; if it has several lines, you are asked. Ctrl-R
searches what was typed before, also in earlier runs. Ctrl-C clears the line, and
without a line it ends. /help lists the commands and keys: /file sends a file,
/save saves a message, /show prints a long one, /ping measures the round trip.
Received JSON is broken into lines, and binary messages are shown as a hex dump.

If stdin or stdout is not a terminal, or with a form of stdin other than lines,
messages are read from stdin and printed on stdout in one of these forms.
Everything else is printed on stderr.

  stdin                                          flags
    each line, without its end, is a text        (none)
    the same, but NUL ends a text                -0
    all of it is one text                        -whole
    binary messages, cut anywhere                -binary
    binary messages that NUL ends                -binary -0
    all of it is one binary message              -binary -whole
    JSON, as -json prints it, in lines           -json-in

  stdout                                         flags
    a line for each message: text as it is,      (none)
    binary as 0x and hexadecimal digits
    the same, but NUL ends a message             -0
    messages as they are, with nothing between   -raw
    JSON in lines, for all that happens          -json

Forms of stdin and stdout can be combined. With -binary alone, what one read
returns is a message, of at most 64 KiB. With -json-in, an object has a type
(message, ping, pong or close) and data, which is base64 if binary is true, or
code and reason; what has the direction "in", as in a recording, is not sent.
JOURNAL.md describes the JSON. Text is escaped when it is printed on a terminal.

The URL begins with ws:// or wss://; ws:// is assumed if there is no scheme. A
user and password in it, as in ws://user:pass@host/, are sent with
Basic authentication. Percent-encode special characters in them, @ as %40 for
example.

With -reconnect, the client connects again when the connection ends or cannot be
opened, after a random time that grows from at most 1 s to at most 30 s, until
the server closes with code 1000 or refuses for good. Each connection begins with
the TEXTs of -x, such as one that subscribes to something. Other input waits
meanwhile, and what is typed is refused. It is sent only once; an error says if it
did not leave the machine.

Flags may come before or after the URL. A TIME is a number, in seconds unless a
unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket connect 127.0.0.1:10081               type messages
  airsocket connect wss://example.com/chat -bearer @token.txt
  airsocket connect 127.0.0.1:10081 -auth ada     ask for the password
  airsocket connect 127.0.0.1:10081 -x hello      send one message
  airsocket connect 127.0.0.1:10081 -x hello -i   send it, and go on typing
  airsocket connect 127.0.0.1:10081 -x hi -n 3    print three messages
  airsocket connect 127.0.0.1:10081 -timestamps delta
                                                  show the time between events
  airsocket connect 127.0.0.1:10081 -x hi -wait forever
                                                  print until the server closes
  airsocket connect 127.0.0.1:10081 -reconnect -ping-interval 20
  airsocket connect -json 127.0.0.1:10081 <messages.txt
  airsocket connect -binary -raw 127.0.0.1:10081 <picture.png >answer
  find . -print0 | airsocket connect -0 127.0.0.1:10081

Exit codes:
  0  closed normally: with code 1000, 1001, 3000 or above, or without a code
  1  a bad flag or argument, or an error of the input or output
  2  could not connect
  3  the TLS handshake failed
  4  the opening handshake failed; the status and body of a refusal are printed
  5  a protocol error, or a close with another code, without a closing handshake, or
     before the number of messages of -n was received
  6  a timeout; with -n, also when nothing was received for the time of -wait

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "connect", Usage: "[flags] URL", Summary: "run a client for people and scripts",
		Elsewhere: options.Elsewhere,
		Help:      help,
		New:       func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	*options.Client
	form
	flags        *flag.FlagSet
	texts        command.Repeated // of -x
	goOn         bool             // -i
	count        int              // -n; 0 means no limit
	wait         time.Duration
	pingInterval time.Duration // 0 means no pings
	reconnect    bool
	look         look
	record       string
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{Client: options.NewClient(fs), flags: fs, wait: time.Second}
	fs.Var(&c.texts, "x", "send `TEXT` instead of what is typed or in stdin (repeatable, sent in order;\nwith -reconnect, on each connection)")
	fs.BoolVar(&c.goOn, "i", false, "after the TEXTs of -x, go on with what is typed or in stdin")
	fs.IntVar(&c.count, "n", 0, "close after `N` received messages, and wait for them if there is no -wait")
	fs.Var((*command.Seconds)(&c.wait), "wait", "after the end of the input, close when nothing has been received for `TIME`;\nforever, or negative, such as -1: wait until the server closes")
	fs.Var((*command.Seconds)(&c.pingInterval), "ping-interval", fmt.Sprintf("send a ping every `TIME` and print how long its pong takes; close when nothing was\nreceived for TIME and %v (default: no pings)", pongTimeout))
	fs.BoolVar(&c.reconnect, "reconnect", false, "connect again when the connection ends or cannot be opened")
	fs.BoolVar(&c.nul, "0", false, "NUL and not a line end follows a message, in the input and the output")
	fs.BoolVar(&c.whole, "whole", false, "all of stdin is one message")
	fs.BoolVar(&c.binary, "binary", false, "send binary messages; without -0 and -whole, as stdin is read, at most 64 KiB each")
	fs.BoolVar(&c.jsonIn, "json-in", false, "stdin has JSON, one object per line, as -json prints it")
	fs.BoolVar(&c.raw, "raw", false, "print messages as they are, with nothing between them; not on a terminal")
	fs.BoolVar(&c.json, "json", false, "print all events as JSON, one object per line")
	c.look.add(fs)
	fs.StringVar(&c.record, "record", "", "also write all events to `FILE`, in the format of -json, for airsocket replay")
	return c
}

// resolve checks the arguments.
func (c *config) resolve(args []string, ask options.Ask) error {
	if len(args) != 1 {
		return fmt.Errorf("connect takes one URL, not %d; \"airsocket help connect\" has examples", len(args))
	}
	for _, text := range c.texts {
		switch limit := c.Options.MaxMessage; {
		case limit > 0 && len(text) > limit:
			return errors.New("a TEXT of -x is longer than -max-message")
		case !c.binary && !utf8.ValidString(text):
			return fmt.Errorf("-x %q is not UTF-8", text)
		}
	}
	switch {
	case c.count < 0:
		return errors.New("-n is negative; leave it out to receive any number of messages")
	case c.goOn && len(c.texts) == 0:
		return errors.New("-i goes on after -x, which is missing; without -x stdin is read anyway")
	case c.pingInterval < 0:
		return errors.New("-ping-interval is negative; leave it out to send no pings")
	}
	if err := c.form.check(); err != nil {
		return err
	}
	if err := c.look.check(); err != nil {
		return err
	}
	if c.count > 0 && !c.isGiven("wait") {
		c.wait = -1
	}
	if c.reconnect {
		c.Options.Reconnect = &airsocket.Reconnect{}
	}
	if err := c.Client.Resolve(args[0], ask); err != nil {
		return err
	}
	if c.binary && !c.Options.Version.Can(wire.Binary) {
		return fmt.Errorf("-binary: version %v of the protocol has no binary messages", c.Options.Version)
	}
	if c.pingInterval > 0 {
		if !c.HasPings() {
			return fmt.Errorf("-ping-interval: version %v of the protocol has no pings", c.Options.Version)
		}
		c.Options.IdleTimeout = c.pingInterval + pongTimeout
	}
	return nil
}

// isGiven reports whether a flag is among the arguments.
func (c *config) isGiven(name string) (given bool) {
	c.flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

func (c *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	toTerminal := console.IsTerminal(std.Out)
	if c.raw && toTerminal {
		return exit.Usage, errors.New("-raw is not for a terminal; redirect stdout to a file or a pipe")
	}
	if err := c.resolve(args, console.Asker(ctx, std.In, std.Err)); err != nil {
		return exit.Usage, err
	}
	client := &client{config: c, disp: new(airsocket.Dispatcher)}
	c.Options.Dispatcher = client.disp
	client.print = c.form.printer(std.Out, toTerminal, plain(std.Out, std.Err, toTerminal), jsonLines(std.Out, time.Now))
	var input source = &piped{r: std.In, form: c.form, limit: c.Options.MaxMessage}
	if tty := c.terminal(std); tty != nil {
		defer tty.Stop() // also after a panic
		t := &typed{tty: tty, config: c, view: c.look.view(tty)}
		input, client.print = t, t.print
	}
	for _, text := range c.texts {
		client.texts = append(client.texts, outgoing([]byte(text), c.binary))
	}
	if c.readsInput() {
		client.input = input
	}
	if c.record != "" {
		f, err := journal.Create(c.record)
		if err != nil {
			return exit.Usage, fmt.Errorf("-record: %w", err)
		}
		defer f.Close()
		client.record = jsonLines(f, time.Now)
	}
	return client.run(ctx)
}

// terminal returns the terminal at which messages are typed, or nil if none are.
func (c *config) terminal(std *command.Std) *console.Terminal {
	if !c.readsInput() || !c.form.asLines() {
		return nil
	}
	return console.Find(std.In, std.Out)
}

// readsInput reports whether messages are typed or read from stdin.
func (c *config) readsInput() bool { return len(c.texts) == 0 || c.goOn }
