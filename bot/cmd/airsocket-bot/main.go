// Command airsocket-bot runs scripts that were written for the browser, with the browser's
// WebSocket.
//
//	airsocket-bot run [flags] SCRIPT [ARGUMENT...]
//	airsocket-bot scenario [flags] SCRIPT
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes of the program, unless the script chooses one with bot.exit.
const (
	exitOK    = 0
	exitError = 1 // the script has not caught an error
	exitUsage = 2
	exitStop  = 130 // Ctrl-C
)

const usage = `usage: airsocket-bot run [flags] SCRIPT [ARGUMENT...]

Runs a script that was written for the browser, in JavaScript or TypeScript. The program ends
when the script has nothing left to do, with exit code 1 if it has not caught an error, or
with the code of bot.exit(CODE).

`

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2) // the second may come before the first has been taken
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals // which ends the program at once, even in a function of the engine
		os.Exit(exitStop)
	}()
	os.Exit(Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Main runs the program with the arguments args, and returns its exit code. When ctx is done
// the bots are stopped.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "run":
			return runCommand(ctx, args[1:], stdout, stderr)
		case "scenario":
			return scenarioCommand(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprint(stderr, usage, scenarioUsage, "\"airsocket-bot run -help\" and \"airsocket-bot scenario -help\" list the flags\n")
	return exitUsage
}
