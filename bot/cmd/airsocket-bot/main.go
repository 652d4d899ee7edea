// Command airsocket-bot runs scripts that were written for the browser.
//
//	airsocket-bot run script.js
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/airsocket/airsocket/bot"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	flags := flag.NewFlagSet("airsocket-bot run", flag.ContinueOnError)
	if len(args) == 0 || args[0] != "run" || flags.Parse(args[1:]) != nil || flags.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: airsocket-bot run SCRIPT")
		return 2
	}
	source, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	program, err := bot.Compile(flags.Arg(0), source)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if bot.New(program, nil).Run(ctx) != nil {
		return 1
	}
	return 0
}
