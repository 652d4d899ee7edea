// Package program puts the program together from its commands.
package program

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/completion"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/connect"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/man"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/record"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/replay"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/process"
)

// Main runs the program with the arguments of the process, and ends the process. The first
// interrupt, or the end of its terminal, closes the connections; a second one ends the
// process at once.
func Main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	notifyHangup(signals)
	go func() {
		<-signals
		cancel()
		<-signals
		console.Restore()
		process.KillAll()
		os.Exit(exit.Interrupted)
	}()
	os.Exit(Program.Run(ctx, os.Args[1:], &command.Std{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// Program is the program.
var Program = command.Program{
	Name:     "airsocket",
	Commands: []command.Command{serve.Command(), connect.Command(), load.Command(), record.Command(), replay.Command(), version},
	Client:   "connect",
	Trailer: `
To try it out, run the server in one terminal and a client in another:

  airsocket serve
  airsocket connect 127.0.0.1:10081
`,
}

// These commands are about all commands.
func init() {
	Program.Commands = append(Program.Commands, completion.Command(&Program), man.Command(&Program))
}
