// Command airsocket is an echo server with a try-out page, and a client for
// people and scripts, on top of package airsocket.
//
//	airsocket serve            an echo server on ws://127.0.0.1:10081/
//	airsocket connect URL      talk to a WebSocket server
//
// "airsocket serve -h" and "airsocket connect -h" list the flags.
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

const usage = `usage: airsocket serve [flags]
       airsocket connect [flags] URL

serve is an echo server with a try-out page for browsers, connect a client.
"airsocket serve -h" and "airsocket connect -h" list the flags.
`

// run is the whole program. It returns the exit code, and ends what it does in
// an orderly way when ctx is done.
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
		io.WriteString(stdout, usage)
	default:
		fmt.Fprintf(stderr, "airsocket: there is no command %q\n%s", name, usage)
		return exitUsage
	}
	if help, ok := errors.AsType[*helpError](err); ok {
		io.WriteString(stdout, help.text)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "airsocket: %s\n", escape(err.Error()))
	}
	return code
}

// helpError asks for a help text.
type helpError struct{ text string }

func (*helpError) Error() string { return flag.ErrHelp.Error() }
