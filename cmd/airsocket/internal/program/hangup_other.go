//go:build js || plan9

package program

import "os"

func notifyHangup(chan<- os.Signal) {}
