// Package blocking lets straight-line code use a WebSocket: scripts, tests, and
// goroutines of their own. Instead of handlers, it has calls that wait.
//
//	c, err := blocking.Dial(ctx, "ws://127.0.0.1:10081/", nil)
//	if err != nil {
//		return err
//	}
//	defer c.Close(airsocket.StatusNormalClosure, "")
//	if err := c.Write(ctx, wire.Text, []byte("hello")); err != nil {
//		return err
//	}
//	kind, data, err := c.Read(ctx)
//
// A [Conn] stands on an [airsocket.Socket], which [Conn.Socket] returns, with all of its
// Options. [Dial] opens a connection. [New] makes a Conn for a Socket, for instance in
// the function that [airsocket.Server.OnConnect] has set; a goroutine then serves the
// client:
//
//	srv.OnConnect(func(s *airsocket.Socket) {
//		c, err := blocking.New(s)
//		if err != nil {
//			log.Print(err)
//			return
//		}
//		go serve(c)
//	})
//
// A connection with a Conn needs a goroutine that waits, and a copy of each message. A
// server with many connections is better off with handlers.
//
// # Contexts
//
// Each call takes a context, and returns the error of the context when it is done while
// the call waits. The connection is not affected, and no message is lost: the next call
// goes on. In this it differs from github.com/coder/websocket, which closes the
// connection when the context of a Read or Write is done.
//
// # Handlers
//
// Do not wait in a handler, nor in a function passed to airsocket.Run, Post or
// SetTimeout: until it returns, nothing else happens on its Dispatcher, so the call would
// wait for itself. A call that would have to wait returns [ErrInHandler] instead, in
// handlers of any Dispatcher. Start a goroutine.
package blocking
