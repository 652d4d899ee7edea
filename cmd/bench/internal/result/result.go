// Package result has what one run of the load generator measures.
package result

// Result is the outcome of one run. Times are in seconds, latencies in
// microseconds, memory in bytes.
type Result struct {
	Conns    int
	Secs     float64
	Msgs     int64   // messages echoed, messages delivered or handshakes
	PerSec   float64 // of them
	MBPerSec float64 // payload bytes, one way

	P50, P99, P999 float64

	CPU       float64 // user and system time of the measured process
	CPUPerMsg float64 // microseconds of it for each message, or to open each connection
	LoadCPU   float64 // of the load generator
	WireBytes int64   // that came from the measured process

	RSS0, RSS1, RSSGC int64 // idle: before, with the connections, after a forced collection
	Heap0, HeapGC     int64
	Stack0, StackGC   int64
	Goroutines        int

	AllocBytes, Allocs float64 // for each message
}
