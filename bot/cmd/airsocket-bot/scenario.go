package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/scenario"
	"github.com/airsocket/airsocket/extensions"
)

const scenarioUsage = `usage: airsocket-bot scenario [flags] SCRIPT

Runs a load test that was written for k6, and prints a report. -duration and -iterations
replace the scenarios of the script. Ctrl-C stops all iterations, calls teardown() and prints
the report; a second one ends the program at once.

Exit codes are those of k6, but for the last:
  0    the test was run, and all thresholds hold
  99   a threshold does not hold
  100, 101   setup() or teardown() took too long
  104  the options of the script or the flags are wrong
  105  the test was interrupted
  107  the script failed outside of iterations
  108  the script or a threshold has aborted the test
  110  the script has called test.fail()
  130  a second interrupt has ended the program at once

`

// The exit codes that package scenario does not know.
const (
	exitFlags  = 104
	exitOutput = 1
)

// A scenarioRun is what the flags of scenario say.
type scenarioRun struct {
	over       scenario.Overrides
	env        environment
	json, html string
	quiet      bool
	compress   bool

	mu             sync.Mutex // guards stderr
	stdout, stderr io.Writer
}

func scenarioCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	r := &scenarioRun{env: make(environment), stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("airsocket-bot scenario", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, scenarioUsage)
		flags.PrintDefaults()
	}
	flags.IntVar(&r.over.VUs, "vus", 0, "the `number` of VUs")
	flags.DurationVar(&r.over.Duration, "duration", 0, "the `time` of the test, such as 30s")
	flags.Int64Var(&r.over.Iterations, "iterations", 0, "the `number` of iterations, shared by the VUs")
	flags.Var(r.env, "e", "set `NAME=VALUE` in __ENV (repeatable)")
	flags.StringVar(&r.json, "json", "", "write the report as JSON to `FILE`; -: to stdout, instead of the text")
	flags.StringVar(&r.html, "html", "", "write the report as an HTML page with plots to `FILE`; -: to stdout, instead of the text")
	flags.BoolVar(&r.quiet, "quiet", false, "do not show the progress on stderr")
	flags.BoolVar(&r.compress, "compress", false, "offer compression, which k6 does only if the script says so")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitFlags
	case flags.NArg() != 1:
		return r.fail(exitFlags, errors.New("scenario needs the file of one script"))
	case r.over.VUs < 0 || r.over.VUs > scenario.MaxVUs || r.over.Duration < 0 || r.over.Iterations < 0:
		return r.fail(exitFlags, fmt.Errorf("-vus, -duration and -iterations must not be negative, and -vus at most %d", scenario.MaxVUs))
	case r.json == "-" && r.html == "-":
		return r.fail(exitFlags, errors.New("-json - and -html - cannot both be written to stdout"))
	}
	return r.run(ctx, flags.Arg(0))
}

func (r *scenarioRun) fail(code int, err error) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.stderr, "airsocket-bot:", err)
	return code
}

func (r *scenarioRun) run(ctx context.Context, path string) int {
	program, err := bot.CompileFile(path, k6.Imports)
	if err != nil {
		return r.fail(scenario.ExitCode(scenario.ErrScript), err)
	}
	c := scenario.Config{Program: program, Path: path, Env: r.env, Overrides: r.over, Socket: new(airsocket.Options)}
	if !r.compress {
		c.Socket.Extensions = []extensions.Extension{}
	}
	c.Console = func(_ int, _, text string) { r.print(text) }
	if !r.quiet {
		var shown time.Time
		c.Progress = func(text string) {
			if now := time.Now(); now.Sub(shown) >= progressEvery {
				shown = now
				r.print(text)
			}
		}
	}
	result, err := scenario.Run(ctx, c)
	if err != nil {
		return r.fail(scenario.ExitCode(err), err)
	}
	// As in k6 a test does not fail because its summary does.
	if err := cmp.Or(result.SummaryErr, r.writeFiles(result.Files)); err != nil {
		r.fail(0, err)
	}
	if err := r.write(result); err != nil {
		return r.fail(exitOutput, err)
	}
	if result.Err != nil {
		return r.fail(scenario.ExitCode(result.Err), result.Err)
	}
	return exitOK
}

// progressEvery is the time between two lines about the progress.
const progressEvery = 5 * time.Second

func (r *scenarioRun) print(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.stderr, text)
}

// write writes the report, its text only if the script has returned no other.
func (r *scenarioRun) write(result *scenario.Result) error {
	var errs []error
	text := result.Files == nil
	for _, to := range []struct {
		name  string
		write func(io.Writer) error
	}{{r.json, result.Report.WriteJSON}, {r.html, result.Report.WriteHTML}} {
		switch to.name {
		case "":
		case "-":
			errs = append(errs, to.write(r.stdout))
			text = false
		default:
			errs = append(errs, writeFile(to.name, to.write))
		}
	}
	if text {
		errs = append(errs, result.Report.WriteText(r.stdout))
	}
	return errors.Join(errs...)
}

// writeFiles writes what handleSummary has returned.
func (r *scenarioRun) writeFiles(files map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var err error
		switch name {
		case "stdout":
			_, err = io.WriteString(r.stdout, files[name])
		case "stderr":
			_, err = io.WriteString(r.stderr, files[name])
		default:
			err = os.WriteFile(name, []byte(files[name]), 0o666)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("files of handleSummary: %w", err)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// An environment is a flag that sets variables.
type environment map[string]string

func (e environment) String() string { return "" }

func (e environment) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("not NAME=VALUE")
	}
	e[name] = value
	return nil
}
