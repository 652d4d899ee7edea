// Package waiting contains what the two ways to wait for a Socket share: NetConn of the
// root package, and package blocking. It also gives package blocking what the root
// package does not export.
package waiting

// The following functions are set by the root package. A socket is an
// *airsocket.Socket.
var (
	// InTurn reports whether the calling goroutine is in a turn of any Dispatcher, as a
	// handler is. It looks through the stack, which takes about a microsecond.
	InTurn func() bool

	// Do runs fn in a turn of the socket's Dispatcher. The caller must not be in a turn.
	Do func(socket any, fn func())

	// Unfit returns the name of an option of the socket that leaves out an event without
	// which it cannot be waited for, or "".
	Unfit func(socket any) (option string)
)
