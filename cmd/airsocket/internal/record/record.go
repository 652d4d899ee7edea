// Package record has the command that records the connections between clients and a
// server, as a proxy between them.
package record

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/wire"
)

const help = `Records the connections between clients, such as browsers, and a server, for airsocket
replay. Clients connect to -listen, and for each of them a connection to URL is opened.
Messages, pings, pongs and closes are passed on in both directions, as well as the origin,
the subprotocols and the other fields of the request, and the answer of a server that
refuses. If URL has no path, that of the client's request is used. Extensions are not
passed on: they do not change messages.

The recording has one JSON object per line, with time, type, direction, size and data; all
fields are described in JOURNAL.md. It has no fields of requests, such as cookies, but all
messages and the URL with its query, with the secrets that are in them. An interrupt ends
it. To record what you type yourself, use airsocket connect -record FILE.

A TIME is a number, in seconds unless a unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket record -o session.jsonl ws://127.0.0.1:8080    clients connect to port 10082
  airsocket record -listen :9000 -n 1 wss://example.com/chat >session.jsonl
  airsocket replay session.jsonl ws://127.0.0.1:8080

Exit codes:
  0  ended by an interrupt or by -n
  1  a bad flag or argument, or an error of the output or of -listen

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "record", Usage: "[flags] URL", Summary: "record what clients and a server send",
		Elsewhere: options.Elsewhere,
		Help:      help,
		New:       func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	*options.Client
	listen, output string
	conns          int
	server         airsocket.Options
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{Client: options.NewClient(fs)}
	fs.StringVar(&c.listen, "listen", "127.0.0.1:10082", "accept clients on `HOST:PORT` or unix:/PATH; port 0 selects a free\none")
	fs.StringVar(&c.output, "o", "", "write the recording to `FILE` instead of stdout; it is replaced if it exists")
	fs.IntVar(&c.conns, "n", 0, "end after `N` connections have ended; 0: at an interrupt")
	return c
}

// resolve checks the arguments.
func (c *config) resolve(args []string, ask options.Ask) error {
	if len(args) != 1 {
		return fmt.Errorf("record takes one URL, not %d; \"airsocket help record\" has examples", len(args))
	}
	if c.conns < 0 {
		return errors.New("-n is negative")
	}
	if err := c.Client.Resolve(args[0], ask); err != nil {
		return err
	}
	c.server = airsocket.Options{Versions: wire.AllVersions(), Origins: []string{"*"}, MaxMessage: c.Options.MaxMessage}
	if c.server.HandshakeTimeout = c.Options.HandshakeTimeout; c.server.HandshakeTimeout > 0 {
		// The server's own timeout comes first, so that the client is told of it.
		c.server.HandshakeTimeout += 5 * time.Second
	}
	return options.SetMaxMessage(&c.server)
}

func (c *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := c.resolve(args, console.Asker(ctx, std.In, std.Err)); err != nil {
		return exit.Usage, err
	}
	l, err := airsocket.Listen(c.listen)
	if err != nil {
		return exit.Usage, fmt.Errorf("-listen: %w", err)
	}
	out := std.Out
	if c.output != "" {
		f, err := journal.Create(c.output)
		if err != nil {
			l.Close()
			return exit.Usage, fmt.Errorf("-o: %w", err)
		}
		defer f.Close()
		out = f
	}
	return c.serve(ctx, l, out, std.Err)
}

// serve records the connections of clients on l until ctx is done.
func (c *config) serve(ctx context.Context, l net.Listener, out, messages io.Writer) (int, error) {
	p := &proxy{config: c, out: out, messages: messages, disp: new(airsocket.Dispatcher), done: make(chan struct{}), pairs: map[*pair]bool{}}
	c.Options.Dispatcher, c.server.Dispatcher = p.disp, p.disp
	srv := &airsocket.Server{Options: &c.server}
	srv.OnRequest(p.request)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	fmt.Fprintf(messages, "listening on %s\n", options.ListenerURL(l.Addr()))
	select {
	case <-ctx.Done():
	case <-p.done:
	case err := <-failed:
		p.disp.Post(func() { p.fail(err) })
	}
	ended := make(chan struct{})
	p.disp.Post(func() {
		p.end()
		close(ended)
	})
	<-ended // before Shutdown closes connections, which are not to be recorded
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	srv.Shutdown(last)
	p.disp.Run(func() {}) // until the connections to the server are closed
	if p.err != nil {
		return exit.Usage, p.err
	}
	return exit.OK, nil
}
