// Package control lets the load generator ask a measured process for its memory
// statistics and a CPU profile, on a separate port.
package control

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

var addr, profile *string

// Flags defines the flags of a measured process. Call it before flag.Parse.
func Flags() {
	addr = flag.String("ctl", "", "address of the control port; none if empty")
	profile = flag.String("cpuprofile", "", "file for a CPU profile of the measured time")
}

// Command is a request to the process.
type Command byte

// The commands. Each is answered with Stats.
const (
	Read    Command = 's'
	Collect Command = 'g' // collect garbage first
	Begin   Command = 'b' // begin the CPU profile
	End     Command = 'e' // end the CPU profile
)

// Stats are the memory statistics of a process, from runtime.MemStats.
type Stats struct {
	Goroutines                       int
	HeapAlloc, HeapInuse, StackInuse uint64
	TotalAlloc, Mallocs              uint64
}

// Serve serves the control port, if the flags ask for one. Call it after
// flag.Parse.
func Serve() {
	if *addr == "" {
		return
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
			c.Close()
		}
	}()
}

func answer(c net.Conn) {
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return
	}
	switch Command(b[0]) {
	case Collect:
		runtime.GC()
		debug.FreeOSMemory() // the second collection empties the sync.Pools
	case Begin:
		if *profile != "" {
			f, err := os.Create(*profile)
			if err != nil {
				log.Fatal(err)
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				log.Fatal(err)
			}
		}
	case End:
		pprof.StopCPUProfile()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	json.NewEncoder(c).Encode(Stats{runtime.NumGoroutine(), m.HeapAlloc, m.HeapInuse, m.StackInuse, m.TotalAlloc, m.Mallocs})
}

// Ask sends cmd to the control port at addr and returns the answer. If addr is
// empty, it does nothing and returns zero Stats.
func Ask(addr string, cmd Command) (Stats, error) {
	var s Stats
	if addr == "" {
		return s, nil
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return s, err
	}
	defer c.Close()
	if _, err := c.Write([]byte{byte(cmd)}); err != nil {
		return s, err
	}
	if err := json.NewDecoder(c).Decode(&s); err != nil {
		return s, fmt.Errorf("control port: %w", err)
	}
	return s, nil
}
