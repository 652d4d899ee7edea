package airsocket

import (
	"context"
	"net"

	"github.com/airsocket/airsocket/wire"
)

// Pipe connects two sockets with one another in memory, one as client and one
// as server, and returns at once: what a test of handlers needs, without a
// network. They have not been started before; attach their handlers, then call
// Pipe, as with Connect and StartServer. The opening handshake happens, with
// everything that the Options of both say; of the client's, those about the way
// to a server have no meaning, and the connection is not opened again by
// Options.Reconnect. The client's URL is "ws://pipe/".
//
// The connection is a net.Pipe. In a testing/synctest bubble all that happens
// on it is deterministic: synctest.Wait returns when the handlers have run, and
// timeouts take no time. The sockets should have a Dispatcher of the bubble's
// own in Options.Dispatcher then.
//
// The errors are [ErrArgument] for nil, [ErrProtocol] for what is wrong with the
// client's Options.Protocols, and [ErrInvalidState] if one of the sockets has
// been started and is not closed.
func Pipe(client, server *Socket) error {
	if client == nil || server == nil {
		return ErrArgument
	}
	const url = "ws://pipe/"
	a, err := client.opts.newAttempt(url, client.opts.Protocols)
	if err != nil {
		return err
	}
	ctx, cancel := client.opts.withHandshakeTimeout(context.Background())
	if !client.start(wire.Client, &opening{url: url, cancel: cancel}) {
		cancel()
		return client.started("Pipe")
	}
	here, there := net.Pipe()
	if err := server.StartServer(there); err != nil {
		client.state.Store(uint32(StateClosed))
		client.disp.release()
		cancel()
		return calledBy("Pipe", err)
	}
	a.Conn = here
	go client.connect(ctx, cancel, a)
	return nil
}
