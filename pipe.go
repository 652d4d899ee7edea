package airsocket

import (
	"context"
	"net"

	"github.com/airsocket/airsocket/wire"
)

// Pipe connects two sockets in memory, one as client and one as server, and returns at
// once. It lets a test run handlers without a network. Attach the handlers first, and
// then call Pipe instead of Connect and StartServer. There is an opening handshake as
// over a network, and the Options of both sockets apply, except Options.Reconnect and
// the client's options for reaching a server. The client's URL is "ws://pipe/".
//
// The connection is a net.Pipe. In a testing/synctest bubble everything that happens on
// it is deterministic: synctest.Wait returns when the handlers have run, and timeouts
// take no time. There, set Options.Dispatcher of both sockets to a Dispatcher that only
// the bubble uses.
//
// Pipe returns [ErrArgument] if a socket is nil, [ErrInvalidState] if a socket has been
// started and is not closed, [ErrProtocol] for an error in the client's
// Options.Protocols, or, like Connect, an error of package handshake for a request that
// cannot be sent.
func Pipe(client, server *Socket) error {
	if client == nil || server == nil {
		return ErrArgument
	}
	const url = "ws://pipe/"
	a, err := client.opts.newAttempt(url, wireHeader(client.opts.Header), client.opts.Protocols)
	if err != nil {
		return err
	}
	ctx, cancel := client.opts.withHandshakeTimeout(context.Background())
	if !client.start(wire.Client, newOpening(url, cancel)) {
		cancel()
		return startedAlready("Pipe", client.ReadyState())
	}
	here, there := net.Pipe()
	if err := server.StartServer(there); err != nil {
		client.withdraw()
		cancel()
		return calledBy("Pipe", err)
	}
	a.Conn = here
	go client.connect(ctx, cancel, a)
	return nil
}
