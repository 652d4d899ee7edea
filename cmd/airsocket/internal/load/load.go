// Package load has the command that opens many connections to a server, sends messages on
// them, and reports how long the answers took.
package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/internal/report"
)

const help = `Opens many connections to a server, sends messages on each of them, and reports how
long the answers took. Test only servers that are yours to test.

-n connections are opened evenly over the time of -ramp, and when the last one is open or
has failed, all are kept for -duration. Each sends the messages of -x, -size or -replay
in order, again and again, one per -every; the connections take turns, so that the load
is even. With -every 0 each sends the next message when the last one is answered, as fast
as it goes. Without messages the connections are only held open.

A latency is the time from when a message was due to when its answer arrived. If the
server stalls, all messages that were due meanwhile count with their waiting time, and
not only the first one (that is, there is no coordinated omission). Messages that are
never answered count with the time until their connection ended, and are counted as
unanswered, also if they could not be sent because the server took nothing. With -every 0
nothing is due while a connection waits: a stall counts once for each connection.

-match says which message is the answer to which:
  order  the nth message received on a connection answers the nth one sent, as with an
         echo. What is received while no answer is missing is counted as unexpected. If
         the server sends other messages too, they are taken for answers, and latencies
         are too short; if it does not answer every message, they grow without end.
  equal  an answer has the same payload as its message; other messages are counted as
         unexpected, and messages that later ones overtake as unanswered. For an echo
         among other messages. -fill makes all messages different.
  none   nothing is an answer, and there are no latencies. For servers that do not
         answer, or that send by themselves.

-check sets the exit code: a name, one of < <= > >=, and a number, for times with a unit.
Times are p50, p90, p99, p99.9, max and mean of the latencies. connected is how many
connections were opened, also in percent of -n. errors is how many failed or ended early,
also in percent. unanswered is the number of messages without an answer, and rate how
many messages were received a second after the ramp. A check of a time does not hold if
nothing was answered. Percentiles are up to 1.6 % too low, never too high.

The report says how late the program itself was to send. If that is not far below the
latencies, this machine is too slow for the load. Each connection needs a file
descriptor and a port. Linux uses every second port first, and takes a millisecond to find
one of the others: after about 14,000 connections to the same address, opening is slow.

The first interrupt ends the test and prints the report, a second one ends the program
without it. A close that the server has not answered in 5 s is listed as not answered.
A TIME is a number, in seconds unless a unit follows it: 5, 1.5, 200ms, 2m. The JSON of
-json has times in seconds.

Examples:
  airsocket load 127.0.0.1:10081 -x hello       10 connections, a message a second, 10 s
  airsocket load wss://example.com/ -n 1000 -ramp 10s -duration 60s -x hello -every 1s
  airsocket load 127.0.0.1:10081 -n 100 -size 1k -binary -every 0    as fast as it goes
  airsocket load 127.0.0.1:10081 -n 5000 -ramp 5s -duration 1m       hold them open
  airsocket load 127.0.0.1:10081 -x '{"id":{n},"user":"u{conn}"}' -fill -match equal
  airsocket load 127.0.0.1:10081 -replay session.jsonl -every 200ms -html report.html
  airsocket load 127.0.0.1:10081 -x hi -check "p99<50ms" -check "connected>=99.9%"

Exit codes:
  0  the test was run, and all checks hold
  1  a bad flag or argument, or an error of the input or output
  2  no connection could be opened: could not connect
  3  no connection could be opened: the TLS handshake failed
  4  no connection could be opened: the opening handshake failed
  6  no connection could be opened: a timeout
  7  a check does not hold

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "load", Usage: "[flags] URL", Summary: "measure a server with many connections",
		Elsewhere: options.Elsewhere,
		Help:      help,
		New:       func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	*options.Client
	conns    int
	ramp     time.Duration
	duration time.Duration
	wait     time.Duration
	every    time.Duration
	texts    command.Repeated
	size     byteSize
	binary   bool
	replay   string
	fill     bool
	match    string
	checks   command.Repeated
	json     string
	html     string
	quiet    bool

	messages []message
	parsed   []report.Check
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{
		Client:   options.NewClient(fs),
		duration: 10 * time.Second, wait: 5 * time.Second, every: time.Second,
	}
	fs.IntVar(&c.conns, "n", 10, "open `N` connections")
	fs.Var((*command.Seconds)(&c.ramp), "ramp", "open the connections evenly over `TIME`, with at most 512 handshakes at a time;\n0: as fast as they open, at most 128 at a time")
	fs.Var((*command.Seconds)(&c.duration), "duration", "keep the connections for `TIME` when all are open")
	fs.Var(&c.texts, "x", "send `TEXT` (repeatable, sent in order)")
	fs.Var(&c.size, "size", "send messages of `BYTES` random letters and digits, or bytes with -binary; 64k is\n64 KiB, 1m is 1 MiB")
	fs.BoolVar(&c.binary, "binary", false, "send the messages of -x and -size as binary")
	fs.StringVar(&c.replay, "replay", "", "send the messages that were sent according to the journal in `FILE`, as connect -json\nprints it; their times are not used")
	fs.BoolVar(&c.fill, "fill", false, "put numbers into the messages of -x and -replay, from 1: that of the connection\nfor {conn}, and that of the message on its connection for {n}")
	fs.Var((*command.Seconds)(&c.every), "every", "send a message per `TIME` on each connection; 0: when the last one is answered")
	fs.Var(command.NewChoice(&c.match, matchOrder, matchEqual, matchNone), "match", "find answers by `RULE`: order, equal or none")
	fs.Var((*command.Seconds)(&c.wait), "wait", "at the end, wait at most `TIME` for missing answers")
	fs.Var(&c.checks, "check", "fail with exit code 7 unless `CONDITION` holds, such as p99<50ms (repeatable)")
	fs.StringVar(&c.json, "json", "", "write the report as JSON to `FILE`; -: to stdout, instead of the text")
	fs.StringVar(&c.html, "html", "", "write the report as an HTML page with plots to `FILE`; -: to stdout, instead of the text")
	fs.BoolVar(&c.quiet, "quiet", false, "do not show the progress on stderr")
	return c
}

// maxTime limits the times of flags, so that sums of them cannot overflow.
const maxTime = 365 * 24 * time.Hour

// maxConns is more than a process can have connections.
const maxConns = 1 << 20

// resolve checks the arguments, and sets what follows from them.
func (c *config) resolve(args []string, ask options.Ask) (err error) {
	if len(args) != 1 {
		return fmt.Errorf("load takes one URL, not %d; \"airsocket help load\" has examples", len(args))
	}
	switch {
	case c.conns < 1:
		return errors.New("-n is less than 1")
	case c.conns > maxConns:
		return fmt.Errorf("-n is more than %d", maxConns)
	case c.every == 0 && c.match == matchNone:
		return errors.New("-every 0 waits for answers, and with -match none there are none: give a time between the messages")
	case c.json == "-" && c.html == "-":
		return errors.New("-json - and -html - cannot both be written to stdout")
	}
	for _, t := range []struct {
		flag string
		d    time.Duration
	}{{"ramp", c.ramp}, {"duration", c.duration}, {"every", c.every}, {"wait", c.wait}} {
		if t.d < 0 || t.d > maxTime {
			return fmt.Errorf("-%s is negative, or longer than a year", t.flag)
		}
	}
	for _, text := range c.checks {
		check, err := report.ParseCheck(text, measures)
		if err != nil {
			return fmt.Errorf("-check %w", err)
		}
		c.parsed = append(c.parsed, check)
	}
	if c.messages, err = c.plan(); err != nil {
		return err
	}
	for _, m := range c.messages {
		if most := c.Options.MaxMessage; most > 0 && len(m.data) > most {
			return fmt.Errorf("a message to send has %d bytes, more than the %d of -max-message", len(m.data), most)
		}
	}
	return c.Client.Resolve(args[0], ask)
}

func (c *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := c.resolve(args, console.Asker(ctx, std.In, std.Err)); err != nil {
		return exit.Usage, err
	}
	if err := checkLimit(c.conns); err != nil {
		return exit.Usage, err
	}
	files, err := c.createFiles(std.Out)
	if err != nil {
		return exit.Usage, err
	}
	defer files.close()
	c.Options.Dispatcher = new(airsocket.Dispatcher)
	c.Options.Parallel = true
	r := newRun(c, newProgress(c.quiet, std.Err, columnsOf(std.Err)))
	if pause, stop := precisePause(); pause != nil {
		r.pause = pause
		defer stop()
	}
	if err := r.drive(ctx); err != nil {
		return exit.Usage, err
	}
	rep := r.report()
	if err := files.write(rep); err != nil {
		return exit.Usage, fmt.Errorf("output: %w", err)
	}
	return r.exitCode(rep), nil
}

// files are what the report is written to. They are created before the test, so that an
// error does not come at its end.
type files struct {
	text, json, html io.Writer
	open             []*os.File
}

func (c *config) createFiles(stdout io.Writer) (*files, error) {
	f := &files{text: stdout}
	for _, to := range []struct {
		name string
		w    *io.Writer
	}{{c.json, &f.json}, {c.html, &f.html}} {
		switch to.name {
		case "":
		case "-":
			*to.w, f.text = stdout, nil
		default:
			file, err := c.create(to.name, f.open)
			if err != nil {
				f.close()
				return nil, err
			}
			f.open = append(f.open, file)
			*to.w = file
		}
	}
	return f, nil
}

// create creates a file, which must be none of the others and not that of -replay.
func (c *config) create(name string, others []*os.File) (*os.File, error) {
	if before, err := os.Stat(name); err == nil {
		if replay, err := os.Stat(c.replay); err == nil && os.SameFile(before, replay) {
			return nil, fmt.Errorf("%s is the file of -replay: write the report to another one", name)
		}
		for _, other := range others {
			if info, err := other.Stat(); err == nil && os.SameFile(before, info) {
				return nil, fmt.Errorf("-json and -html cannot both be written to %s", name)
			}
		}
	}
	return os.Create(name)
}

// write writes the report. The text comes last, because stdout may be a pipe that nobody reads
// any more, which ends the program.
func (f *files) write(r *report.Report) error {
	var errs []error
	for _, part := range []struct {
		w     io.Writer
		write func(io.Writer) error
	}{{f.json, r.WriteJSON}, {f.html, r.WriteHTML}, {f.text, r.WriteText}} {
		if part.w != nil {
			errs = append(errs, part.write(part.w))
		}
	}
	for _, file := range f.open {
		errs = append(errs, file.Close())
	}
	f.open = nil
	return errors.Join(errs...)
}

func (f *files) close() {
	for _, file := range f.open {
		file.Close()
	}
}

// title returns the first line of the report.
func (c *config) title() string {
	return "airsocket load " + options.WithoutPassword(c.URL)
}

// settings says in a line what the test does.
func (c *config) settings() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d connections", c.conns)
	if c.ramp > 0 {
		fmt.Fprintf(&b, " over %s", c.ramp)
	}
	fmt.Fprintf(&b, ", kept for %s", c.duration)
	switch {
	case len(c.messages) == 0:
		b.WriteString(", no messages")
	case c.every == 0:
		b.WriteString(", a message on each when the last one is answered")
	default:
		fmt.Fprintf(&b, ", a message per %s on each", c.every)
	}
	return b.String()
}
