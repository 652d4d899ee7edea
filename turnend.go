package airsocket

// OnTurnEnd sets the function that is called at the end of each turn of the
// Dispatcher, whether for a socket, a server, a timer or a posted function: after
// the handlers, and before what they have sent is written. It is the place for the
// microtasks of a script engine. It runs in the turn, as handlers do, and what it
// sends goes out with the turn. A turn that had nothing to call a handler for may
// have an end too.
//
// It replaces the function that was set before, and nil removes it. Call it before
// the Dispatcher is used or in one of its turns, at whose end the function is called
// for the first time. The sockets of Options.Parallel have Dispatchers of their own,
// whose turns do not call it. Options.Recover is about the handlers of sockets: a
// panic of the function ends the program, as in a function given to Post.
func (d *Dispatcher) OnTurnEnd(fn func()) { d.turnEnd = fn }

// callTurnEnd calls the function that OnTurnEnd has set. If that ends its goroutine
// or panics, whoever called callTurnEnd does not get to end the turn, and it is ended
// here.
//
// It is apart so that the frame of Socket.leave stays small; see readable.
//
//go:noinline
func (d *Dispatcher) callTurnEnd() {
	returned := false
	defer func() {
		if !returned {
			d.leave(nil)
		}
	}()
	d.turnEnd()
	returned = true
}
