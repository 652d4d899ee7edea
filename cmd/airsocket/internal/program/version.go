package program

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

var version = command.Command{
	Name: "version", Summary: "print the version of this program",
	Help: "Prints the version of the program, the version of Go and the platform.\n",
	New:  func(*flag.FlagSet) command.Action { return printVersion },
}

// printVersion prints the version of the program, the version of Go and the
// platform.
func printVersion(_ context.Context, args []string, std *command.Std) (int, error) {
	if len(args) > 0 {
		return exit.Usage, fmt.Errorf("version takes no arguments, not %q", args[0])
	}
	number := "(unknown version)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		number = info.Main.Version
	}
	_, err := fmt.Fprintf(std.Out, "airsocket %s, %s %s/%s\n", number, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exit.OK, err
}
