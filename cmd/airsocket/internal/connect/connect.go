// Package connect has the command that connects to a server, for people and scripts.
package connect

import (
	"context"
	"flag"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
)

const help = `Connects to a WebSocket server. On a terminal, type messages at the prompt;
/help lists the commands. If stdin or stdout is not a terminal, each line of
stdin is sent as a text message, without its line end, and each message received
is printed as a line on stdout: text as it is, but escaped on a terminal, and
binary as 0x followed by hexadecimal digits. Everything else is printed on
stderr. If messages may contain line ends, use -json: it prints all events of
the connection on stdout, one JSON object per line, with time, type, direction,
size, data (base64 if binary is true), code and reason.

The URL begins with ws:// or wss://; ws:// is assumed if there is no scheme. A
user and password in it, as in ws://user:pass@host/, are sent with
Basic authentication. Percent-encode special characters in them, @ as %40 for
example.

Flags may come before or after the URL. A TIME is a number, in seconds unless a
unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket connect 127.0.0.1:10081               type messages
  airsocket connect wss://example.com/chat -H "Authorization: Bearer abc"
  airsocket connect ws://user:pass@127.0.0.1:8080/
  airsocket connect 127.0.0.1:10081 -x hello      send one message
  airsocket connect 127.0.0.1:10081 -x hi -wait -1
                                                  print until the server closes
  airsocket connect -json 127.0.0.1:10081 <messages.txt

Exit codes:
  0  closed normally: with code 1000, 1001, 3000 or above, or without a code
  1  a bad flag or argument, or an error of the input or output
  2  could not connect
  3  the TLS handshake failed
  4  the opening handshake failed; the status and body of a refusal are printed
  5  a protocol error, or a close with another code or without a closing handshake
  6  a timeout

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "connect", Usage: "[flags] URL", Summary: "run a client for people and scripts",
		Help: help,
		New:  func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	*options.Client
	texts command.Repeated // of -x
	wait  time.Duration
	json  bool
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{Client: options.NewClient(fs), wait: time.Second}
	fs.Var(&c.texts, "x", "send `TEXT` instead of the lines of stdin (repeatable, sent in order)")
	fs.Var((*command.Seconds)(&c.wait), "wait", "after the end of the input, close when nothing has been received for `TIME`;\nnegative, such as -1: wait until the server closes")
	fs.BoolVar(&c.json, "json", false, "print all events as JSON, one object per line")
	return c
}

// resolve checks the arguments.
func (c *config) resolve(args []string, ask options.Ask) error {
	if len(args) != 1 {
		return fmt.Errorf("connect takes one URL, not %d; \"airsocket help connect\" has examples", len(args))
	}
	for _, text := range c.texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("-x %q is not UTF-8", text)
		}
	}
	return c.Client.Resolve(args[0], ask)
}

func (c *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := c.resolve(args, console.Asker(ctx, std.In, std.Err)); err != nil {
		return exit.Usage, err
	}
	client := &client{config: c, disp: new(airsocket.Dispatcher)}
	c.Options.Dispatcher = client.disp
	tty := console.Find(std.In, std.Out)
	switch {
	case len(c.texts) > 0:
		client.input = &given{texts: c.texts}
	case tty != nil:
		client.input = &typed{tty: tty, json: c.json}
	default:
		client.input = &piped{r: std.In, limit: c.Options.MaxMessage}
	}
	client.print = plain(std.Out, std.Err, console.IsTerminal(std.Out))
	if c.json {
		client.print = jsonLines(std.Out, time.Now)
	}
	return client.run(ctx)
}
