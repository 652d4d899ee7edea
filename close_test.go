package airsocket_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestNothingIsLostBeforeClose checks that messages sent before Close are written
// before the close frame, although the peer does not read until all of them have
// been sent.
func TestNothingIsLostBeforeClose(t *testing.T) {
	const n, size = 240, 64 << 10 // far more than the system takes at once
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"raw":      func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			ready := make(chan struct{})
			theirs, ours := wstest.TCPPair(t)
			start := func(s *airsocket.Socket) error { return s.StartServer(wrap(ours)) }
			j := wstest.Converse(t, &airsocket.Options{MaxBuffered: -1}, nil, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
					for i := range n {
						if err := s.SendBytes(binary.BigEndian.AppendUint32(make([]byte, size-4), uint32(i))); err != nil {
							t.Errorf("message %d: %v", i, err)
						}
					}
					if s.BufferedAmount() < n*size/4 {
						t.Errorf("only %d bytes are waiting, which is not a backlog", s.BufferedAmount())
					}
					s.Close(4000, "done")
					if err := s.Send("after"); err != airsocket.ErrClosed {
						t.Errorf("Send after Close: %v", err)
					}
					close(ready)
				})
			}, start, wstest.NewRawPeer(t, theirs, true), func(p *wstest.RawPeer) {
				p.Open()
				<-ready
				for i := range n {
					first, got, err := p.ReadFrame()
					if err != nil || first != wstest.OpBinary || len(got) != size || binary.BigEndian.Uint32([]byte(got[size-4:])) != uint32(i) {
						t.Errorf("message %d: %#x, %d bytes, %v", i, first, len(got), err)
						return
					}
				}
				p.Want(wstest.OpClose, wstest.ClosePayload(4000, "done"))
				p.Send(wstest.OpClose, wstest.ClosePayload(4000, "done"))
				p.FinishClose()
			})
			j.Want("open", `close 4000 "done" clean`)
		})
	}
}

// TestOrderWithASlowReader checks that small messages sent outside of a turn keep
// their order when the system takes no more and a writer goroutine has the rest.
func TestOrderWithASlowReader(t *testing.T) {
	const n = 40000
	sent := make(chan struct{})
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			go func() {
				defer close(sent)
				for i := range n {
					if err := s.SendBytes(binary.BigEndian.AppendUint32(make([]byte, 200), uint32(i))); err != nil {
						t.Errorf("message %d: %v", i, err)
						return
					}
				}
				s.Close(1000, "")
			}()
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		<-sent
		for i := range n {
			if _, got, err := p.ReadFrame(); err != nil || len(got) != 204 || binary.BigEndian.Uint32([]byte(got[200:])) != uint32(i) {
				t.Errorf("message %d: %x, %v", i, got, err)
				return
			}
		}
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", `close 1000 "" clean`)
}

// TestEchoFloodDoesNotDeadlock connects two ends that send back everything they
// receive, and that start with more data than the system can hold. Such ends go on
// for ever; here one of them closes when it has received enough.
func TestEchoFloodDoesNotDeadlock(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		const size, start, enough = 256 << 10, 40, 60
		opts := &airsocket.Options{MaxBuffered: -1, Parallel: parallel, Dispatcher: new(airsocket.Dispatcher)}
		theirs, ours := wstest.TCPPair(t)
		a, b := airsocket.NewSocket(opts), airsocket.NewSocket(&airsocket.Options{
			MaxBuffered: -1, Parallel: parallel, Dispatcher: opts.Dispatcher, Dial: wstest.DialTo(ours)})
		seen := 0
		for _, s := range []*airsocket.Socket{a, b} {
			s.OnOpen(func(*airsocket.OpenEvent) {
				for range start {
					s.SendBytes(make([]byte, size))
				}
			})
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if len(e.Bytes()) != size {
					t.Errorf("a message of %d bytes", len(e.Bytes()))
				}
				s.SendBytes(e.Bytes())
				if s == a {
					if seen++; seen == enough {
						s.Close(1000, "")
					}
				}
			})
			s.OnClose(func(e *airsocket.CloseEvent) {
				if e.Code != 1000 {
					t.Errorf("close: %d", e.Code)
				}
			})
		}
		wstest.Run(t, opts.Dispatcher, func() {
			a.StartServer(theirs)
			b.Connect("ws://example.com/")
		})
		if seen < enough {
			t.Errorf("%d messages came back, want %d", seen, enough)
		}
	}
}

// violations are inputs that break a rule, with the close code and the error that
// they lead to.
var violations = []struct {
	name  string
	bytes []byte // as a client sends them
	code  airsocket.StatusCode
	rule  error
}{
	{"reserved bit", wstest.Frame(true, 0xC1, "x"), 1002, wire.ErrReservedBits},
	{"unknown opcode", wstest.Frame(true, 0x83, "x"), 1002, wire.ErrUnknownOpcode},
	{"no mask", wstest.Frame(false, wstest.OpText, "x"), 1002, wire.ErrNotMasked},
	{"long ping", wstest.Frame(true, wstest.OpPing, strings.Repeat("x", 126)), 1002, wire.ErrControlTooLong},
	{"fragmented ping", wstest.Frame(true, 0x09, "x"), 1002, wire.ErrControlFragmented},
	{"nothing to continue", wstest.Frame(true, 0x80, "x"), 1002, wire.ErrNothingToContinue},
	{"close of one byte", wstest.Frame(true, wstest.OpClose, "x"), 1002, wire.ErrClosePayload},
	{"close with 1005", wstest.Frame(true, wstest.OpClose, wstest.ClosePayload(1005, "")), 1002, wire.ErrCloseCode},
	{"close with bad reason", wstest.Frame(true, wstest.OpClose, wstest.ClosePayload(1000, "\xff")), 1007, wire.ErrCloseReason},
	{"bad text", wstest.Frame(true, wstest.OpText, "\xff"), 1007, wire.ErrInvalidUTF8},
	{"bad text, unfinished", wstest.Frame(true, wstest.OpText, "a\xff"+strings.Repeat("x", 50))[:12], 1007, wire.ErrInvalidUTF8},
	{"2^63 bytes", append([]byte{wstest.OpBinary, 0xFF, 0x80}, make([]byte, 11)...), 1002, wire.ErrLengthOverflow},
	{"2^62 bytes", append([]byte{wstest.OpBinary, 0xFF, 0x40}, make([]byte, 11)...), 1009, wire.ErrFrameTooBig},
	{"too long", wstest.Frame(true, wstest.OpBinary, strings.Repeat("x", 2000)), 1009, wire.ErrFrameTooBig},
}

func TestViolationIsAnsweredBeforeTheEnd(t *testing.T) {
	for _, v := range violations {
		t.Run(v.name, func(t *testing.T) {
			j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxFrame = 1000 }, nil, func(p *wstest.RawPeer) {
				p.Open()
				p.WriteRaw(v.bytes)
				p.WantClose(v.code)
				p.WantEOF()
				p.Close()
			})
			j.WantError(v.rule)
		})
	}
}

// TestViolationIsAnsweredToAFloodingPeer checks that a peer that goes on sending
// while the close frame is on its way still gets it: what it sends is read and
// discarded, so its system has no reason to reset the connection.
func TestViolationIsAnsweredToAFloodingPeer(t *testing.T) {
	j := wstest.StartServer(t, nil, nil, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(0x83, "")
		flood := bytes.Repeat(p.Frame(wstest.OpBinary, strings.Repeat("x", 60<<10)), 4)
		for range 100 {
			p.WriteRaw(flood)
		}
		p.WantClose(1002)
		p.WantEOF()
		p.Close()
	})
	j.Want("open", "error", `close 1002 "unknown opcode" unclean`)
}

// TestFloodEndsWithTheCloseTimeout checks that a peer that never stops sending is
// cut off after Options.CloseTimeout.
func TestFloodEndsWithTheCloseTimeout(t *testing.T) {
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.CloseTimeout = 1 }, wstest.CloseAt(airsocket.EventMessage, 1000, ""), func(p *wstest.RawPeer) {
		p.Open()
		flood := bytes.Repeat(p.Frame(wstest.OpBinary, strings.Repeat("x", 60<<10)), 4)
		var err error
		for err == nil {
			_, err = p.Write(flood)
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("the connection did not end")
		}
	})
	j.WantError(airsocket.ErrCloseTimeout)
}

// TestHalfClose checks that a peer that has ended its own direction and reads on
// gets what was sent to it.
func TestHalfClose(t *testing.T) {
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(e *airsocket.MessageEvent) { s.Send("re: " + e.Text()) })
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.WriteRaw(append(p.Frame(wstest.OpText, "one"), p.Frame(wstest.OpText, "two")...))
		p.Conn.(*net.TCPConn).CloseWrite()
		p.Want(wstest.OpText, "re: one")
		p.Want(wstest.OpText, "re: two")
		p.WantEOF()
	})
	j.Want("open", "text one", "text two", "error", `close 1006 "" unclean`)
	j.WantError(wire.ErrUnexpectedEnd)
}

// TestCloseFrameAndEnd checks that the close is clean even if the close frame and
// the FIN arrive in one segment.
func TestCloseFrameAndEnd(t *testing.T) {
	j := wstest.StartServer(t, nil, nil, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpClose, wstest.ClosePayload(1001, "away"))
		p.Conn.(*net.TCPConn).CloseWrite()
		p.Want(wstest.OpClose, wstest.ClosePayload(1001, "away"))
		p.WantEOF()
	})
	j.Want("open", `close 1001 "away" clean`)
}

// TestResetFoundByWriting checks that a write that fails while the reader is in a
// handler does not cause a deadlock.
func TestResetFoundByWriting(t *testing.T) {
	for _, size := range []int{1, 100 << 10} {
		begun, gone := make(chan struct{}), make(chan struct{})
		j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				close(begun)
				<-gone
				var err error
				for err == nil {
					err = s.SendBytes(make([]byte, size))
					s.Flush()
				}
				if err != airsocket.ErrClosed {
					t.Errorf("Send after the reset: %v", err)
				}
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpText, "go")
			<-begun
			p.Reset()
			close(gone)
		})
		j.Want("open", "text go", "error", `close 1006 "" unclean`)
	}
}

func TestManyCloseAtOnce(t *testing.T) {
	url := wstest.ServeEcho(t, &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			p := wstest.ConnectRaw(t, url)
			p.Send(wstest.OpText, "x")
			p.Want(wstest.OpText, "x")
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			if _, err := p.Reader.ReadByte(); err != io.EOF {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A writtenConn calls after whenever something has been written to it.
type writtenConn struct {
	net.Conn
	after func()
}

func (c writtenConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.after()
	return n, err
}

// TestEndedBehindTheAnswer checks that a connection that is ended between its
// handshake response and its open event counts as never opened.
func TestEndedBehindTheAnswer(t *testing.T) {
	ours, theirs := net.Pipe()
	srv := new(airsocket.Server)
	var j *wstest.Journal
	srv.OnConnect(func(s *airsocket.Socket) { j = wstest.Follow(t, s) })
	l := newPipeListener()
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
	l.conns <- writtenConn{ours, func() { srv.Close() }}
	p := wstest.NewRawPeer(t, theirs, true)
	p.SetDeadline(time.Now().Add(wstest.Patience))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	p.ReadResponse()
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	j.WantError(airsocket.ErrServerClosed)
	j.Want("error", `close 1006 "" unclean`)
}
