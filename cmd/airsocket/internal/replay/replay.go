// Package replay has the command that plays one side of a recording, and compares what the
// other side does with what it did then.
package replay

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/wire"
)

const help = `Replays a recording of airsocket record, connect -record or connect -json. With a URL, it
does what the client did: it connects, sends and closes as in the recording. With -listen
instead, it is the server, and does what the server did to the clients that connect: to each
what it did to the first one of the recording that is left, if possible with the same path.
What the other side does is compared with the recording, and each difference is printed on
stdout.

Everything is done at the times of the recording, divided by -speed, but never before what
the other side did before that in the recording; if that is late, all that follows is late
too. With -speed max nothing else is waited for. A message that does not come -wait after
it was due is given up.

Compared are texts, binary messages, pings, pongs, the subprotocols, the code and reason of
a close by the other side, and errors, such as a broken rule of the protocol. Times are not
compared, nor what comes after the last event of the recording. For ids and times in texts,
which are others each time, use -ignore. Pings are answered as ever, and pongs are
compared only if the recording has some. If URL has no path, that of the recording is
used. The fields of requests are not in recordings: give them with -H. If the recording
ends before the connection is closed, the connection is closed with code 1000.

A TIME is a number, in seconds unless a unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket replay session.jsonl ws://127.0.0.1:8080/
  airsocket replay -speed max -ignore '"id":[0-9]+' session.jsonl 127.0.0.1:8080
  airsocket replay -listen 127.0.0.1:8080 session.jsonl    be the server

Exit codes:
  0  everything was as in the recording
  1  a bad flag, argument or recording, an interrupt, or an error of the output
  2  could not connect
  3  the TLS handshake failed
  4  the opening handshake failed
  6  a timeout of an opening handshake
  7  something was not as in the recording

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "replay", Usage: "[flags] FILE [URL]", Summary: "repeat a recording, and compare",
		Elsewhere: options.Elsewhere,
		Help:      help,
		New:       func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	*options.Client
	fs          *flag.FlagSet
	listen      string
	speed       speed
	wait        time.Duration
	conn        int
	ignore      command.Repeated
	ignorePings bool

	masks  []*regexp.Regexp
	file   string
	server airsocket.Options
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{Client: options.NewClient(fs), fs: fs, speed: 1, wait: 5 * time.Second}
	fs.StringVar(&c.listen, "listen", "", "be the server, on `HOST:PORT` or unix:/PATH; port 0 selects a free one")
	fs.Var(&c.speed, "speed", "replay `N` times as fast as recorded, such as 2 or 0.5, or max: without pauses")
	fs.Var((*command.Seconds)(&c.wait), "wait", "give up a message that comes `TIME` later than it should")
	fs.IntVar(&c.conn, "conn", 0, "replay only the connection with the number `N` in the recording; 0: all of them")
	fs.Var(&c.ignore, "ignore", "do not compare parts of texts and reasons that match `REGEXP` (repeatable)")
	fs.BoolVar(&c.ignorePings, "ignore-pings", false, "do not compare pings and pongs, nor wait for them")
	return c
}

// serves reports whether the replay is the server.
func (c *config) serves() bool { return c.listen != "" }

// ofServers are the flags that -listen may be given with.
var ofServers = map[string]bool{
	"listen": true, "speed": true, "wait": true, "conn": true, "ignore": true, "ignore-pings": true,
	"max-message": true, "timeout": true,
}

// resolve checks the arguments.
func (c *config) resolve(args []string, ask options.Ask) error {
	url := ""
	switch {
	case c.serves() && len(args) != 1:
		return fmt.Errorf("replay -listen takes a file and no URL, not %d arguments; \"airsocket help replay\" has examples", len(args))
	case !c.serves() && len(args) != 2:
		return fmt.Errorf("replay takes a file and a URL, not %d arguments; \"airsocket help replay\" has examples", len(args))
	case c.wait <= 0:
		return errors.New("-wait is not positive")
	case c.conn < 0:
		return errors.New("-conn is negative")
	case !c.serves():
		url = args[1]
	}
	c.file = args[0]
	if c.serves() {
		var wrong error
		c.fs.Visit(func(f *flag.Flag) {
			if !ofServers[f.Name] {
				wrong = fmt.Errorf("-%s is for clients, and with -listen the replay is the server", f.Name)
			}
		})
		if wrong != nil {
			return wrong
		}
	}
	for _, s := range c.ignore {
		re, err := regexp.Compile(s)
		if err != nil {
			return fmt.Errorf("-ignore: %w", err)
		}
		c.masks = append(c.masks, re)
	}
	if err := c.Client.Resolve(url, ask); err != nil {
		return err
	}
	c.server = airsocket.Options{
		Versions: wire.AllVersions(), Origins: []string{"*"}, MaxMessage: c.Options.MaxMessage,
		HandshakeTimeout: c.Options.HandshakeTimeout, CloseTimeout: c.Options.CloseTimeout,
	}
	return options.SetMaxMessage(&c.server)
}

func (c *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := c.resolve(args, console.Asker(ctx, std.In, std.Err)); err != nil {
		return exit.Usage, err
	}
	f, err := os.Open(c.file)
	if err != nil {
		return exit.Usage, err
	}
	steps, err := c.readScript(f)
	f.Close()
	if err != nil {
		return exit.Usage, fmt.Errorf("%s: %w", c.file, err)
	}
	p := newPlayer(c, steps, std)
	if c.serves() {
		l, err := airsocket.Listen(c.listen)
		if err != nil {
			return exit.Usage, fmt.Errorf("-listen: %w", err)
		}
		p.listener = l
	}
	return p.run(ctx)
}

// A speed is a flag with a factor. Zero means without pauses.
type speed float64

func (s *speed) String() string {
	if *s == 0 {
		return "max"
	}
	return strconv.FormatFloat(float64(*s), 'g', -1, 64)
}

func (s *speed) Set(text string) error {
	if text == "max" {
		*s = 0
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0.001 && v <= 1e6) {
		return errors.New("not max, nor a number from 0.001 to 1000000")
	}
	*s = speed(v)
	return nil
}

// Values returns a value that is no number.
func (s *speed) Values() []string { return []string{"max"} }
