package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/extensions"
)

// maxBots is the highest number of bots that one program runs.
const maxBots = 1_000_000

// A crowd is what the flags of run say.
type crowd struct {
	bots     int
	ramp     time.Duration
	page     string
	compress bool

	out output
}

func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := crowd{out: output{stdout: stdout, stderr: stderr}}
	flags := flag.NewFlagSet("airsocket-bot run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&c.bots, "n", 1, "the `number` of bots, each an instance of the script; bot.number is its number")
	flags.DurationVar(&c.ramp, "ramp", 0, "the `time` over which the bots are started")
	flags.StringVar(&c.page, "url", "", "the `URL` of the page that the script believes to belong to: location, the base of relative URLs, and the origin")
	flags.BoolVar(&c.compress, "compress", true, "offer compression, as browsers do")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() == 0:
		return fail(stderr, "run needs the file of a script")
	case c.bots < 1 || c.bots > maxBots:
		return fail(stderr, fmt.Sprintf("-n must be from 1 to %d", maxBots))
	case c.ramp < 0:
		return fail(stderr, "-ramp must not be negative")
	}
	program, err := bot.CompileFile(flags.Arg(0), nil)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitError
	}
	return c.run(ctx, program, flags.Args()[1:])
}

func fail(stderr io.Writer, text string) int {
	fmt.Fprintln(stderr, "airsocket-bot:", text)
	return exitUsage
}

// run starts the bots, and waits for them. It needs no goroutine for each.
func (c *crowd) run(ctx context.Context, program *bot.Program, args []string) int {
	socket := &airsocket.Options{}
	if !c.compress {
		socket.Extensions = []extensions.Extension{}
	}
	var bots []*bot.Bot
	began := time.Now()
	for i := range c.bots {
		if !waitUntil(ctx, began, i, c.bots, c.ramp) {
			break
		}
		b := bot.New(program, &bot.Options{
			Number:  i + 1,
			Args:    args,
			URL:     c.page,
			Socket:  socket,
			Console: c.out.console(i+1, c.bots),
		})
		b.Start()
		bots = append(bots, b)
	}
	defer context.AfterFunc(ctx, func() {
		for _, b := range bots {
			b.Stop(context.Cause(ctx))
		}
	})()
	code := exitOK
	for _, b := range bots {
		if of := codeOf(b.Wait()); code == exitOK {
			code = of
		}
	}
	if ctx.Err() != nil {
		return exitStop
	}
	return code
}

func codeOf(err error) int {
	if err == nil {
		return exitOK
	}
	if exit, ok := errors.AsType[*bot.ExitError](err); ok {
		if exit.Code&0xFF == 0 {
			return exitError // the system keeps only the lowest byte
		}
		return exit.Code & 0xFF
	}
	return exitError
}

// waitUntil waits until it is time to start bot i of n, of which the first was started at
// began. It returns false if ctx is done
// before.
func waitUntil(ctx context.Context, began time.Time, i, n int, ramp time.Duration) bool {
	if i == 0 || ramp == 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(time.Until(began.Add(ramp * time.Duration(i) / time.Duration(n)))):
		return true
	case <-ctx.Done():
		return false
	}
}

// An output prints what bots write, line by line.
type output struct {
	stdout, stderr io.Writer
	mu             sync.Mutex
}

// console returns the Options.Console of a bot. Lines of several bots begin with their number.
func (o *output) console(number, of int) func(method, text string) {
	prefix := ""
	if of > 1 {
		prefix = "[" + strconv.Itoa(number) + "] "
	}
	return func(method, text string) {
		to := o.stdout
		if method == "warn" || method == "error" || method == "trace" {
			to = o.stderr
		}
		text = prefix + strings.ReplaceAll(text, "\n", "\n"+prefix) + "\n"
		o.mu.Lock()
		defer o.mu.Unlock()
		io.WriteString(to, text)
	}
}
