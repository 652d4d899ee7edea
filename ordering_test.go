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
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// An ending is a way in which an open connection ends, with the events that follow.
// Its peer has completed the opening handshake.
type ending struct {
	name   string
	opts   func(*airsocket.Options)
	attach func(*airsocket.Socket)
	peer   func(*wstest.RawPeer)
	want   []string
	err    error
}

var endings = []ending{
	{
		name: "peer closes",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpText, "hi")
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
			p.Close()
		},
		want: []string{"open", "text hi", `close 1000 "bye" clean`},
	},
	{
		name: "peer closes without a code",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.Close()
		},
		want: []string{"open", `close 1005 "" clean`},
	},
	{
		name:   "close in the open handler",
		attach: wstest.CloseAt(airsocket.EventOpen, 3001, "no"),
		peer: func(p *wstest.RawPeer) {
			p.Want(wstest.OpClose, wstest.ClosePayload(3001, "no"))
			p.Send(wstest.OpText, "too late")
			p.Send(wstest.OpClose, wstest.ClosePayload(3002, "well"))
			p.FinishClose()
		},
		want: []string{"open", `close 3002 "well" clean`},
	},
	{
		name:   "close in a message handler, more in the same read",
		attach: wstest.CloseAt(airsocket.EventMessage, 1000, ""),
		peer: func(p *wstest.RawPeer) {
			all := append(p.Frame(wstest.OpText, "one"), p.Frame(wstest.OpText, "two")...)
			all = append(all, p.Frame(wstest.OpPing, "p")...)
			all = append(all, p.Frame(wstest.OpPong, "q")...)
			p.WriteRaw(append(all, p.Frame(wstest.OpBinary, "three")...))
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.FinishClose()
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
		peer: func(p *wstest.RawPeer) {
			p.WriteRaw(append(append(p.Frame(wstest.OpText, "one"), p.Frame(wstest.OpText, "two")...), p.Frame(wstest.OpPing, "p")...))
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.FinishClose()
		},
		want: []string{"open", `close 1000 "" clean`},
	},
	{
		name: "end of the stream",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpPing, "p")
			p.Want(wstest.OpPong, "p")
			p.Close()
		},
		want: []string{"open", "ping p", "error", `close 1006 "" unclean`},
		err:  io.ErrUnexpectedEOF,
	},
	{
		name: "end of the stream in a frame",
		peer: func(p *wstest.RawPeer) {
			half := p.Frame(wstest.OpText, "hello")
			p.WriteRaw(half[:len(half)-1])
			p.Close()
		},
		want: []string{"open", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name: "a message, and the end of the stream at once",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpText, "last")
			p.Conn.(*net.TCPConn).CloseWrite()
			p.WantEnd()
		},
		want: []string{"open", "text last", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name: "reset",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpPing, "p")
			p.Want(wstest.OpPong, "p")
			p.Reset()
		},
		want: []string{"open", "ping p", "error", `close 1006 "" unclean`},
		err:  syscall.ECONNRESET,
	},
	{
		name: "broken rule",
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpText, "hi")
			p.Send(wstest.OpText|0x40, "rsv1")
			p.WantClose(1002)
			p.WantEOF()
			p.Close()
		},
		want: []string{"open", "text hi", "error", `close 1002 "a reserved bit is set that no extension claims" unclean`},
		err:  wire.ErrReservedBits,
	},
	{
		name:   "broken rule after our own close",
		attach: wstest.CloseAt(airsocket.EventOpen, 1000, ""),
		peer: func(p *wstest.RawPeer) {
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(0x83, "")
			p.WantEOF()
			p.Close()
		},
		want: []string{"open", "error", `close 1002 "unknown opcode" unclean`},
		err:  wire.ErrUnknownOpcode,
	},
	{
		name:   "end of the stream instead of an answer to a close",
		attach: wstest.CloseAt(airsocket.EventOpen, 1000, ""),
		peer: func(p *wstest.RawPeer) {
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Close()
		},
		want: []string{"open", "error", `close 1006 "" unclean`},
		err:  wire.ErrUnexpectedEnd,
	},
	{
		name:   "no answer to a close at all",
		opts:   func(o *airsocket.Options) { o.CloseTimeout = 1 },
		attach: wstest.CloseAt(airsocket.EventOpen, 1000, ""),
		peer:   (*wstest.RawPeer).WantCloseOrEnd,
		want:   []string{"open", "error", `close 1006 "" unclean`},
		err:    airsocket.ErrCloseTimeout,
	},
	{
		name:   "silent close",
		opts:   func(o *airsocket.Options) { o.SilentClose = true },
		attach: wstest.CloseAt(airsocket.EventMessage, 1000, ""),
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpText, "go")
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.FinishClose()
		},
		want: []string{"open", "text go"},
	},
	{
		name: "silent close applies to our own close only",
		opts: func(o *airsocket.Options) { o.SilentClose = true },
		peer: func(p *wstest.RawPeer) {
			p.Send(wstest.OpClose, wstest.ClosePayload(1001, ""))
			p.Want(wstest.OpClose, wstest.ClosePayload(1001, ""))
			p.Close()
		},
		want: []string{"open", `close 1001 "" clean`},
	},
}

func TestEveryEndOfAServer(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			j := wstest.StartServer(t, e.opts, e.attach, func(p *wstest.RawPeer) {
				p.Open()
				e.peer(p)
			})
			j.Want(e.want...)
			j.WantError(e.err)
		})
	}
}

func TestEveryEndOfAClient(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			j := wstest.StartClient(t, e.opts, e.attach, func(p *wstest.RawPeer) {
				p.Accept()
				e.peer(p)
			})
			j.Want(e.want...)
			j.WantError(e.err)
		})
	}
}

// A beginning is an opening handshake that fails, or after which the connection
// ends at once.
type beginning struct {
	name   string
	opts   func(*airsocket.Options)
	attach func(*airsocket.Socket)
	peer   func(*wstest.RawPeer)
	want   []string
	err    error
}

func TestBeginningsOfAServer(t *testing.T) {
	for _, b := range []beginning{
		{
			name: "no request",
			peer: func(p *wstest.RawPeer) { p.Close() },
			want: wstest.Refused, err: handshake.ErrUnexpected,
		},
		{
			name: "reset",
			peer: func(p *wstest.RawPeer) { p.Reset() },
			want: wstest.Refused, err: syscall.ECONNRESET,
		},
		{
			name: "not HTTP",
			peer: func(p *wstest.RawPeer) {
				p.WriteRaw([]byte("\x16\x03\x01"))
				if status := p.ReadResponse().StatusCode; status != http.StatusBadRequest {
					p.T.Errorf("status %d", status)
				}
				p.Close()
			},
			want: wstest.Refused, err: handshake.ErrNotHTTP,
		},
		{
			name: "close frame and message with the request",
			peer: func(p *wstest.RawPeer) {
				all := append([]byte(wstest.UpgradeRequest), p.Frame(wstest.OpText, "hi")...)
				p.WriteRaw(append(all, p.Frame(wstest.OpClose, wstest.ClosePayload(4000, "x"))...))
				p.ReadResponse()
				p.Want(wstest.OpClose, wstest.ClosePayload(4000, "x"))
				p.FinishClose()
			},
			want: []string{"open", "text hi", `close 4000 "x" clean`},
		},
	} {
		t.Run(b.name, func(t *testing.T) {
			j := wstest.StartServer(t, b.opts, b.attach, b.peer)
			j.Want(b.want...)
			j.WantError(b.err)
		})
	}
}

func TestBeginningsOfAClient(t *testing.T) {
	for _, b := range []beginning{
		{
			name: "refused",
			peer: func(p *wstest.RawPeer) {
				p.ReadRequest()
				p.WriteRaw([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"))
				p.WantEnd()
			},
			want: wstest.Refused, err: handshake.ErrStatus,
		},
		{
			name: "no answer",
			peer: func(p *wstest.RawPeer) {
				p.ReadRequest()
				p.Close()
			},
			want: wstest.Refused, err: handshake.ErrUnexpected,
		},
		{
			name: "reset",
			peer: func(p *wstest.RawPeer) {
				p.ReadRequest()
				p.Reset()
			},
			want: wstest.Refused, err: syscall.ECONNRESET,
		},
		{
			name: "wrong Sec-WebSocket-Accept",
			peer: func(p *wstest.RawPeer) {
				p.ReadRequest()
				p.WriteRaw([]byte("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
				p.WantEnd()
			},
			want: wstest.Refused, err: handshake.ErrBadAccept,
		},
		{
			name: "close frame and message with the answer",
			peer: func(p *wstest.RawPeer) {
				p.Accept(p.Frame(wstest.OpText, "hi"), p.Frame(wstest.OpClose, wstest.ClosePayload(4000, "x")))
				p.Want(wstest.OpClose, wstest.ClosePayload(4000, "x"))
				p.FinishClose()
			},
			want: []string{"open", "text hi", `close 4000 "x" clean`},
		},
		{
			name: "close frame alone with the answer",
			peer: func(p *wstest.RawPeer) {
				p.Accept(p.Frame(wstest.OpClose, wstest.ClosePayload(1001, "")))
				p.Want(wstest.OpClose, wstest.ClosePayload(1001, ""))
				p.FinishClose()
			},
			want: []string{"open", `close 1001 "" clean`},
		},
		{
			name:   "close in the open handler, close frame with the answer",
			attach: wstest.CloseAt(airsocket.EventOpen, 1000, "mine"),
			peer: func(p *wstest.RawPeer) {
				p.Accept(p.Frame(wstest.OpText, "hi"), p.Frame(wstest.OpClose, wstest.ClosePayload(1001, "theirs")))
				p.Want(wstest.OpClose, wstest.ClosePayload(1000, "mine"))
				p.FinishClose()
			},
			want: []string{"open", `close 1001 "theirs" clean`},
		},
	} {
		t.Run(b.name, func(t *testing.T) {
			j := wstest.StartClient(t, b.opts, b.attach, b.peer)
			j.Want(b.want...)
			j.WantError(b.err)
		})
	}
}

func TestCloseWhileConnecting(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		j := wstest.Follow(t, s)
		theirs, ours := wstest.TCPPair(t)
		wstest.Run(t, d, func() {
			s.StartServer(ours)
			if err := s.Close(1000, ""); err != nil {
				t.Error(err)
			}
		})
		wstest.NewRawPeer(t, theirs, true).WantEnd()
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrAborted)
	})
	t.Run("dialling", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		j := wstest.Follow(t, s)
		wstest.Run(t, d, func() {
			s.Connect("ws://example.com/")
			s.Close(1000, "")
		})
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrAborted)
	})
	t.Run("waiting for the answer", func(t *testing.T) {
		var s *airsocket.Socket
		j := wstest.StartClient(t, nil, func(ours *airsocket.Socket) { s = ours }, func(p *wstest.RawPeer) {
			p.ReadRequest()
			s.Close(1000, "")
			p.WantEnd()
		})
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrAborted)
	})
}

func TestContextEndsTheAttempt(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	d := new(airsocket.Dispatcher)
	theirs, ours := wstest.TCPPair(t)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: wstest.DialTo(ours)})
	j := wstest.Follow(t, s)
	go func() {
		p := wstest.NewRawPeer(t, theirs, false)
		p.ReadRequest()
		cancel(cause)
	}()
	wstest.Run(t, d, func() { s.ConnectContext(ctx, "ws://example.com/") })
	j.Want(wstest.Refused...)
	j.WantError(cause)
}

func TestContextHasNoEffectOnceOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := wstest.Follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
		cancel()
		s.Send("still here")
	})
	airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Close(1000, "") })
	url := wstest.ServeEcho(t, nil)
	wstest.Run(t, d, func() { s.ConnectContext(ctx, url) })
	j.Want("open", "text still here", `close 1000 "" clean`)
}

func TestConnectionRefused(t *testing.T) {
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := wstest.Follow(t, s)
	wstest.Run(t, d, func() { s.Connect("ws://127.0.0.1:1") })
	j.Want(wstest.Refused...)
	j.WantError(syscall.ECONNREFUSED)
}
