package airsocket

import "github.com/airsocket/airsocket/internal/transport"

// ServerStats counts the sockets of a Server, and what waits in them.
type ServerStats struct {
	Connecting int // sockets whose opening handshake is under way
	Open       int // sockets that are open
	Closing    int // sockets whose close event is still to come, or is being handled
	Buffered   int // bytes that wait to be sent, as Socket.BufferedAmount counts them with RulesDefault
	Held       int // bytes of memory that count for Server.MaxBuffered; 0 without that limit
}

// Stats returns what a program can plot besides what it counts with [Hooks]. It looks at
// each socket, which takes up to 20 ms for 100,000 of them, so that nothing needs to be added
// up while messages are sent. It may be called from any goroutine.
func (srv *Server) Stats() (st ServerStats) {
	all := srv.sockets.snapshot()
	defer func() { srv.sockets.giveBack(all) }()
	st.Held = int(max(srv.sum.bytes.Load(), 0))
	for _, s := range all {
		switch s.ReadyState() {
		case StateConnecting:
			st.Connecting++
		case StateOpen:
			st.Open++
		default:
			st.Closing++
		}
		st.Buffered += s.sender.buffered()
	}
	return st
}

// Workers returns the number of goroutines that serve connections on Linux, and how many of
// them are held up: they have been in one call for more than a millisecond or two, in a
// handler, or because they wait for a handler of another socket. For each of these another
// one serves, so a number that grows says that a handler blocks. Both numbers are those of
// the process. On other systems they are 0, because each connection has its own goroutine;
// so it is with connections that workers do not serve, such as pipes.
func Workers() (all, heldUp int) { return transport.Workers() }
