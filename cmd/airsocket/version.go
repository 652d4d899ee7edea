package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// printVersion prints the version of the program, the version of Go and the
// platform.
func printVersion(args []string, stdout io.Writer) (int, error) {
	if len(args) > 0 {
		return exitUsage, fmt.Errorf("version takes no arguments, not %q", args[0])
	}
	version := "(unknown version)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(stdout, "airsocket %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK, err
}
