// Package airsocket implements WebSocket clients and servers with the event
// model that ActionScript 3, Adobe AIR, Faye and the browser share: a [Socket]
// with OnOpen, OnMessage, OnClose and OnError, which is started with
// [Socket.Connect], [Socket.StartServer] or [Socket.Upgrade]. Handlers never run
// at the same time, so user code needs no locks; and it does not handle raw frames.
//
//	s := airsocket.NewSocket(nil)
//	s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello") })
//	s.OnMessage(func(e *airsocket.MessageEvent) { fmt.Println(e.Text()); s.Close(1000, "") })
//	airsocket.Run(func() { s.Connect("ws://127.0.0.1:10081/") })
//
// # Dispatchers
//
// All handlers of sockets, servers and timers on one [Dispatcher] run one after
// another. By default the whole process shares one Dispatcher, so ported code can
// keep its sockets in a plain slice.
//
// One slow handler therefore holds up every socket of the process. Do long work
// in a goroutine that calls [Post] with the result. Servers whose connections
// share nothing can set Options.Parallel instead, which gives each Socket a
// Dispatcher of its own. Turns that take longer than Options.SlowTurn are reported
// to Options.Logger.
//
// # Ownership
//
// An event and the data it refers to are valid until the handler returns; the
// memory is then reused. The Send methods have copied or written their data by the
// time they return, so the caller may reuse it.
//
// # The life of a connection
//
//	ReadyState        stage
//
//	StateInit         new
//	                   |
//	                   |  Connect, StartServer, Upgrade
//	                   v
//	StateConnecting   connecting, accepting --------------------+--------------+
//	                   |                                        |              |
//	                   |  the opening handshake is done         |              | it fails
//	                   v                                        |              |
//	StateOpen         open, unwritable                          | Close, Drop, |
//	                   |                                        | Server.Close |
//	                   |  Close                    closeSent    |              |
//	                   |  a close frame            closeReceived|              |
//	                   |  a rule is broken         failed       |              |
//	                   |  idle, or a slow message  failed       |              |
//	StateClosing       |  the stream ends          ended        |              |
//	                   |  Drop                     dropped      v              |
//	                   |  Server.Close, or a time runs out   aborted           |
//	                   |                                        |              |
//	                   v  the connection is closed              |              |
//	                  over <------------------------------------+--------------+
//	                   |
//	                   v  the close event
//	StateClosed       closed
//	                   |
//	                   |  Connect, StartServer, Upgrade or Options.Reconnect
//	                   v
//	                  connecting
//
// A server is accepting when it has read the request: what it sends from then on goes
// out after its response, and Close takes effect when the connection is open. A
// connection is unwritable when writing has failed: what was received before that is
// still delivered, and Close and Drop lead to aborted.
//
// The first of the reasons in the middle determines the code, the reason and WasClean
// of the close event. Only closeSent can be followed by another of them, since the
// peer's answer is still to come; Drop also counts after the end of the stream, and a
// handler that panics after Drop.
//
// # In the browser
//
// With GOOS=js, Connect uses the WebSocket of the browser, or of another environment that has
// one, such as Node. Handlers, turns, timers, limits and Options.Reconnect are the same,
// and so are [Pipe], StartServer and Upgrade on connections that the program has. What the
// browser's WebSocket cannot do returns an error that wraps errors.ErrUnsupported: Listen,
// Ping and Pong; SendUncompressed where the browser compresses; and Connect with a unix
// socket or one of the Options Version, Header, Origin, TLS, Dial, Proxy, ProxyHeader,
// ProxyTLS, Jar, MaxRedirects, PingInterval and Extensions.
//
// The browser decides on frames, compression and pings, so other Options about these have no
// effect, no ping events come, pings do not count for Options.IdleTimeout, and with
// Options.FrameEvents a message is one part. Instead of status codes that scripts may not
// send, such as 1009, the peer gets none. The browser has no flow control: it is given no
// more while it holds 1 MiB, which BufferedAmount does not count, and when 64 MiB have
// arrived that a paused Socket has not taken, the connection ends with an [ErrBrowser].
//
// # Layers
//
// The packages below this one can be used without it, and none of them does I/O:
// package wire implements the framing of all versions of the protocol, package
// handshake their opening handshakes, and package extensions the extensions.
package airsocket
