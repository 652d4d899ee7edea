// Package footprint tests what a connection costs: allocations, system calls and
// the stack of its goroutine.
package footprint
