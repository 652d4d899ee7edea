//go:build portable || !linux

package serving

// haveWorkers says that in this build goroutines serve all connections.
const haveWorkers = false
