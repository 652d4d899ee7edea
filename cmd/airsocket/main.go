// Command airsocket is a WebSocket echo server with a test page, and a
// WebSocket client for people and scripts.
//
//	airsocket serve            run an echo server on ws://127.0.0.1:10081/
//	airsocket connect URL      talk to a WebSocket server
//
//	airsocket help COMMAND     print what a command does, its flags and examples
//	airsocket version          print the version of the program
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const usage = `usage: airsocket serve [flags]          run an echo server with a test page
       airsocket connect [flags] URL    run a client for people and scripts
       airsocket help [COMMAND]         print what a command does, and its flags
       airsocket version                print the version of this program

To try it out, run the server in one terminal and a client in another:

  airsocket serve
  airsocket connect 127.0.0.1:10081
`

// commandNames lists the commands, for suggestions.
var commandNames = []string{"serve", "connect", "help", "version"}

// run runs the program and returns its exit code. When ctx is done, it closes
// its connections and returns.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		io.WriteString(stderr, usage)
		return exitUsage
	}
	var err error
	code := exitOK
	switch name, rest := args[0], args[1:]; name {
	case "serve":
		code, err = serve(ctx, rest, stdout, stderr)
	case "connect":
		code, err = connect(ctx, rest, stdin, stdout, stderr)
	case "help", "-h", "-help", "--help":
		code, err = help(rest, stdout)
	case "version", "-version", "--version":
		code, err = printVersion(rest, stdout)
	default:
		code, err = exitUsage, unknownCommand(name)
	}
	if help, ok := errors.AsType[*helpError](err); ok {
		io.WriteString(stdout, help.text)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "airsocket: %s\n", escape(errorText(err)))
	}
	return code
}

// help prints the usage of the program, or returns a *helpError with the help
// text of a command.
func help(args []string, stdout io.Writer) (int, error) {
	if len(args) > 1 {
		return exitUsage, fmt.Errorf("help takes one command, not %d", len(args))
	}
	if len(args) == 1 {
		switch args[0] {
		case "serve":
			_, err := parseServe([]string{"-h"})
			return exitOK, err
		case "connect":
			_, err := parseConnect([]string{"-h"})
			return exitOK, err
		case "help", "version":
		default:
			return exitUsage, unknownCommand(args[0])
		}
	}
	_, err := io.WriteString(stdout, usage)
	return exitOK, err
}

func unknownCommand(name string) error {
	if near := nearest(name, commandNames); near != "" {
		return fmt.Errorf("unknown command %q, did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown command %q; \"airsocket help\" lists the commands", name)
}

// helpError asks run to print a help text.
type helpError struct{ text string }

func (*helpError) Error() string { return flag.ErrHelp.Error() }
