// Package footprint tests what a connection costs: allocations, system calls,
// memory and the stack of its goroutine.
package footprint
