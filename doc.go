// Package airsocket gives Go the event model that ActionScript 3, Adobe AIR,
// Faye and the browser share for WebSockets: a [Socket] with OnOpen, OnMessage,
// OnClose and OnError, started with [Socket.Connect], [Socket.StartServer] or
// [Socket.Upgrade], and handlers that never run at the same time, so that user
// code needs no goroutine, no lock and no raw frame.
//
//	s := airsocket.NewSocket(nil)
//	s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello") })
//	s.OnMessage(func(e *airsocket.MessageEvent) { fmt.Println(e.Text()); s.Close(1000, "") })
//	airsocket.Run(func() { s.Connect("ws://127.0.0.1:10081/") })
//
// # Threads of events
//
// All handlers of sockets, servers and timers on one [Dispatcher] run one after
// another. By default there is one Dispatcher for the process: ported code may
// keep its sockets in a plain slice.
//
// One slow handler therefore holds up every socket of the process. What takes
// long belongs in a goroutine, which comes back with [Post]; or Options.Parallel
// gives each Socket a Dispatcher of its own, for servers whose connections share
// nothing. Options.Logger is told of turns that are longer than
// Options.SlowTurn.
//
// # Ownership
//
// What an event refers to is valid until its handler returns, and is used again
// then. What is given to a Send function is copied, or gone, when it returns.
//
// # Layers
//
// Below this package, and of use without it: package wire has the framing of
// all versions of the protocol, package handshake their opening handshakes, and
// package extensions the extensions, all without input and output.
package airsocket
