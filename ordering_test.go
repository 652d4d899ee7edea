package airsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// dialTo is an Options.Dial that has the connection already.
func dialTo(conn net.Conn) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return conn, nil }
}

// closeAt has the socket closed by a handler.
func closeAt[E airsocket.Event](typ airsocket.EventType[E], code airsocket.StatusCode, reason string) func(*airsocket.Socket) {
	return func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, typ, func(E) { s.Close(code, reason) })
	}
}

// An ending is a way in which a connection that was open ends, with what the
// handlers are told. Peers have had the handshake.
type ending struct {
	name   string
	opts   func(*airsocket.Options)
	attach func(*airsocket.Socket)
	peer   func(*rawPeer)
	want   []string
	err    error
}

var endings = []ending{
	{
		name: "peer closes",
		peer: func(p *rawPeer) {
			p.send(opText, "hi")
			p.send(opClose, closing(1000, "bye"))
			p.want(opClose, closing(1000, "bye"))
			p.Close()
		},
		want: []string{"open", "text hi", `close 1000 "bye" clean`},
	},
	{
		name: "peer closes without a code",
		peer: func(p *rawPeer) {
			p.send(opClose, "")
			p.want(opClose, "")
			p.Close()
		},
		want: []string{"open", `close 1005 "" clean`},
	},
	{
		name:   "close in the open handler",
		attach: closeAt(airsocket.EventOpen, 3001, "no"),
		peer: func(p *rawPeer) {
			p.want(opClose, closing(3001, "no"))
			p.send(opText, "too late")
			p.send(opClose, closing(3002, "well"))
			p.part()
		},
		want: []string{"open", `close 3002 "well" clean`},
	},
	{
		name:   "close in a message handler, more in the same read",
		attach: closeAt(airsocket.EventMessage, 1000, ""),
		peer: func(p *rawPeer) {
			all := append(p.frame(opText, "one"), p.frame(opText, "two")...)
			all = append(all, p.frame(opPing, "p")...)
			all = append(all, p.frame(opPong, "q")...)
			p.write(append(all, p.frame(opBinary, "three")...))
			p.want(opClose, closing(1000, ""))
			p.send(opClose, closing(1000, ""))
			p.part()
		},
		want: []string{"open", "text one", `close 1000 "" clean`},
	},
	{
		name: "close in the handler of a message, without listeners",
		attach: func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Text() != "one" {
					panic("a message after Close")
				}
				s.Close(1000, "")
			})
			s.OnPing(func(*airsocket.PingEvent) { panic("a ping after Close") })
		},
		peer: func(p *rawPeer) {
			p.write(append(append(p.frame(opText, "one"), p.frame(opText, "two")...), p.frame(opPing, "p")...))
			p.want(opClose, closing(1000, ""))
			p.send(opClose, closing(1000, ""))
			p.part()
		},
		want: []string{"open", `close 1000 "" clean`},
	},
	{
		name: "end of the stream",
		peer: func(p *rawPeer) {
			p.send(opPing, "p")
			p.want(opPong, "p")
			p.Close()
		},
		want: []string{"open", "ping p", "error", `close 1006 "" unclean`},
		err:  io.ErrUnexpectedEOF,
	},
	{
		name: "end of the stream in a frame",
		peer: func(p *rawPeer) {
			half := p.frame(opText, "hello")
			p.write(half[:len(half)-1])
			p.Close()
		},
		want: []string{"open", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name: "a message and the end in one go",
		peer: func(p *rawPeer) {
			p.send(opText, "last")
			p.Conn.(*net.TCPConn).CloseWrite()
			p.wantEnd()
		},
		want: []string{"open", "text last", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name: "reset",
		peer: func(p *rawPeer) {
			p.send(opPing, "p")
			p.want(opPong, "p")
			p.reset()
		},
		want: []string{"open", "ping p", "error", `close 1006 "" unclean`},
		err:  syscall.ECONNRESET,
	},
	{
		name: "broken rule",
		peer: func(p *rawPeer) {
			p.send(opText, "hi")
			p.send(opText|0x40, "rsv1")
			p.wantClose(1002)
			p.wantEOF()
			p.Close()
		},
		want: []string{"open", "text hi", "error", `close 1002 "a reserved bit is set that no extension claims" unclean`},
		err:  wire.ErrReservedBits,
	},
	{
		name:   "broken rule after one's own close",
		attach: closeAt(airsocket.EventOpen, 1000, ""),
		peer: func(p *rawPeer) {
			p.want(opClose, closing(1000, ""))
			p.send(0x83, "")
			p.wantEOF()
			p.Close()
		},
		want: []string{"open", "error", `close 1002 "unknown opcode" unclean`},
		err:  wire.ErrUnknownOpcode,
	},
	{
		name:   "no answer to a close, but the end",
		attach: closeAt(airsocket.EventOpen, 1000, ""),
		peer: func(p *rawPeer) {
			p.want(opClose, closing(1000, ""))
			p.Close()
		},
		want: []string{"open", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name:   "no answer to a close at all",
		opts:   func(o *airsocket.Options) { o.CloseTimeout = 1 },
		attach: closeAt(airsocket.EventOpen, 1000, ""),
		peer:   (*rawPeer).wantCloseOrEnd,
		want:   []string{"open", "error", `close 1006 "" unclean`},
		err:    airsocket.ErrCloseTimeout,
	},
	{
		name:   "silent close",
		opts:   func(o *airsocket.Options) { o.SilentClose = true },
		attach: closeAt(airsocket.EventMessage, 1000, ""),
		peer: func(p *rawPeer) {
			p.send(opText, "go")
			p.want(opClose, closing(1000, ""))
			p.send(opClose, closing(1000, ""))
			p.part()
		},
		want: []string{"open", "text go"},
	},
	{
		name: "silent close is for one's own only",
		opts: func(o *airsocket.Options) { o.SilentClose = true },
		peer: func(p *rawPeer) {
			p.send(opClose, closing(1001, ""))
			p.want(opClose, closing(1001, ""))
			p.Close()
		},
		want: []string{"open", `close 1001 "" clean`},
	},
}

func TestEveryEndOfAServer(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			j := startServer(t, e.opts, e.attach, func(p *rawPeer) {
				p.open()
				e.peer(p)
			})
			j.want(e.want...)
			j.wantError(e.err)
		})
	}
}

func TestEveryEndOfAClient(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			j := startClient(t, e.opts, e.attach, func(p *rawPeer) {
				p.accept()
				e.peer(p)
			})
			j.want(e.want...)
			j.wantError(e.err)
		})
	}
}

// A beginning is an opening handshake that fails, or that is followed by the
// end at once.
type beginning struct {
	name   string
	opts   func(*airsocket.Options)
	attach func(*airsocket.Socket)
	peer   func(*rawPeer)
	want   []string
	err    error
}

var refused = []string{"error", `close 1006 "" unclean`}

func TestBeginningsOfAServer(t *testing.T) {
	for _, b := range []beginning{
		{
			name: "no request",
			peer: func(p *rawPeer) { p.Close() },
			want: refused, err: handshake.ErrUnexpected,
		},
		{
			name: "reset",
			peer: func(p *rawPeer) { p.reset() },
			want: refused, err: syscall.ECONNRESET,
		},
		{
			name: "not HTTP",
			peer: func(p *rawPeer) {
				p.write([]byte("\x16\x03\x01"))
				if status := p.answer().StatusCode; status != http.StatusBadRequest {
					p.t.Errorf("status %d", status)
				}
				p.Close()
			},
			want: refused, err: handshake.ErrNotHTTP,
		},
		{
			name: "close frame and message with the request",
			peer: func(p *rawPeer) {
				all := append([]byte(rawRequest), p.frame(opText, "hi")...)
				p.write(append(all, p.frame(opClose, closing(4000, "x"))...))
				p.answer()
				p.want(opClose, closing(4000, "x"))
				p.part()
			},
			want: []string{"open", "text hi", `close 4000 "x" clean`},
		},
	} {
		t.Run(b.name, func(t *testing.T) {
			j := startServer(t, b.opts, b.attach, b.peer)
			j.want(b.want...)
			j.wantError(b.err)
		})
	}
}

func TestBeginningsOfAClient(t *testing.T) {
	for _, b := range []beginning{
		{
			name: "refused",
			peer: func(p *rawPeer) {
				p.request()
				p.write([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"))
				p.wantEnd()
			},
			want: refused, err: handshake.ErrStatus,
		},
		{
			name: "no answer",
			peer: func(p *rawPeer) {
				p.request()
				p.Close()
			},
			want: refused, err: handshake.ErrUnexpected,
		},
		{
			name: "reset",
			peer: func(p *rawPeer) {
				p.request()
				p.reset()
			},
			want: refused, err: syscall.ECONNRESET,
		},
		{
			name: "wrong proof",
			peer: func(p *rawPeer) {
				p.request()
				p.write([]byte("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
				p.wantEnd()
			},
			want: refused, err: handshake.ErrBadAccept,
		},
		{
			name: "close frame and message with the answer",
			peer: func(p *rawPeer) {
				p.accept(p.frame(opText, "hi"), p.frame(opClose, closing(4000, "x")))
				p.want(opClose, closing(4000, "x"))
				p.part()
			},
			want: []string{"open", "text hi", `close 4000 "x" clean`},
		},
		{
			name: "close frame alone with the answer",
			peer: func(p *rawPeer) {
				p.accept(p.frame(opClose, closing(1001, "")))
				p.want(opClose, closing(1001, ""))
				p.part()
			},
			want: []string{"open", `close 1001 "" clean`},
		},
		{
			name:   "close in the open handler, close frame with the answer",
			attach: closeAt(airsocket.EventOpen, 1000, "mine"),
			peer: func(p *rawPeer) {
				p.accept(p.frame(opText, "hi"), p.frame(opClose, closing(1001, "theirs")))
				p.want(opClose, closing(1000, "mine"))
				p.part()
			},
			want: []string{"open", `close 1001 "theirs" clean`},
		},
	} {
		t.Run(b.name, func(t *testing.T) {
			j := startClient(t, b.opts, b.attach, b.peer)
			j.want(b.want...)
			j.wantError(b.err)
		})
	}
}

func TestCloseWhileConnecting(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		d := airsocket.NewDispatcher()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		j := follow(t, s)
		theirs, ours := pair(t)
		run(t, d, func() {
			s.StartServer(ours)
			if err := s.Close(1000, ""); err != nil {
				t.Error(err)
			}
		})
		newRawPeer(t, theirs, true).wantEnd()
		j.want(refused...)
		j.wantError(airsocket.ErrAborted)
	})
	t.Run("dialling", func(t *testing.T) {
		d := airsocket.NewDispatcher()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		j := follow(t, s)
		run(t, d, func() {
			s.Connect("ws://example.com/")
			s.Close(1000, "")
		})
		j.want(refused...)
		j.wantError(airsocket.ErrAborted)
	})
	t.Run("waiting for the answer", func(t *testing.T) {
		var s *airsocket.Socket
		j := startClient(t, nil, func(ours *airsocket.Socket) { s = ours }, func(p *rawPeer) {
			p.request()
			s.Close(1000, "")
			p.wantEnd()
		})
		j.want(refused...)
		j.wantError(airsocket.ErrAborted)
	})
}

func TestContextEndsTheAttempt(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	d := airsocket.NewDispatcher()
	theirs, ours := pair(t)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: dialTo(ours)})
	j := follow(t, s)
	go func() {
		p := newRawPeer(t, theirs, false)
		p.request()
		cancel(cause)
	}()
	run(t, d, func() { s.ConnectContext(ctx, "ws://example.com/") })
	j.want(refused...)
	j.wantError(cause)
}

func TestContextHasNoEffectOnceOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d := airsocket.NewDispatcher()
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
		cancel()
		s.Send("still here")
	})
	airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Close(1000, "") })
	url := serveEcho(t, nil)
	run(t, d, func() { s.ConnectContext(ctx, url) })
	j.want("open", "text still here", `close 1000 "" clean`)
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d := airsocket.NewDispatcher()
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := follow(t, s)
	run(t, d, func() { s.Connect("ws://" + l.Addr().String()) })
	j.want(refused...)
	j.wantError(syscall.ECONNREFUSED)
}
