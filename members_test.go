package airsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// The tests in this file check members listed in PORTING.md that no other test
// checks.

// TestNumbers checks that the states have the numbers of the browser's readyState,
// and the kinds those of AIR's fmt constants.
func TestNumbers(t *testing.T) {
	states := []airsocket.ReadyState{airsocket.StateConnecting, airsocket.StateOpen, airsocket.StateClosing, airsocket.StateClosed, airsocket.StateInit}
	if want := []airsocket.ReadyState{0, 1, 2, 3, 4}; !slices.Equal(states, want) {
		t.Errorf("states %d", states)
	}
	kinds := []wire.Kind{wire.Text, wire.Binary, wire.Close, wire.Ping, wire.Pong}
	if want := []wire.Kind{1, 2, 8, 9, 10}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %d", kinds)
	}
}

// TestSendMessage checks AIR's sendMessage.
func TestSendMessage(t *testing.T) {
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for _, kind := range []wire.Kind{wire.Text, wire.Binary, wire.Ping, wire.Pong, wire.Close} {
				if err := s.SendMessage(kind, []byte("data")); err != nil {
					t.Errorf("kind %d: %v", kind, err)
				}
			}
			if err := s.SendMessage(wire.Text, []byte{}); err != airsocket.ErrClosed {
				t.Errorf("after a close: %v", err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpText, "data")
		p.Want(wstest.OpBinary, "data")
		p.Want(wstest.OpPing, "data")
		p.Want(wstest.OpPong, "data")
		p.Want(wstest.OpClose, "")
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", `close 1005 "" clean`)
}

// TestSetProtocol checks AIR's protocol property.
func TestSetProtocol(t *testing.T) {
	for _, c := range []struct {
		asked string // in the request
		want  string // in the answer
	}{
		{"Sec-WebSocket-Protocol: a, b", "b"},
		{"Sec-WebSocket-Protocol: a", ""}, // Options.Protocols are ignored then
		{"X: y", ""},
	} {
		wstest.StartServer(t, func(o *airsocket.Options) { o.Protocols = []string{"a"} }, func(s *airsocket.Socket) {
			if err := s.SetProtocol("b"); err != nil || s.Protocol() != "b" {
				t.Errorf("SetProtocol: %v, Protocol: %q", err, s.Protocol())
			}
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				if s.Protocol() != c.want {
					t.Errorf("%s: Protocol is %q", c.asked, s.Protocol())
				}
				if err := s.SetProtocol("c"); !errors.Is(err, airsocket.ErrInvalidState) {
					t.Errorf("SetProtocol when open: %v", err)
				}
				s.Close(1000, "")
			})
		}, func(p *wstest.RawPeer) {
			p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", c.asked)))
			if got := p.ReadResponse().Header.Get("Sec-WebSocket-Protocol"); got != c.want {
				t.Errorf("%s: answered %q, want %q", c.asked, got, c.want)
			}
			p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			p.FinishClose()
		})
	}
}

// TestProtocolsOfAClient checks which subprotocols a client asks for if none are
// passed to Connect.
func TestProtocolsOfAClient(t *testing.T) {
	wstest.StartClient(t, func(o *airsocket.Options) { o.Protocols = []string{"a", "b"} }, nil, func(p *wstest.RawPeer) {
		if got := p.Accept().Header.Get("Sec-WebSocket-Protocol"); got != "a, b" {
			t.Errorf("asked for %q", got)
		}
		p.Close()
	})
}

// TestAS3Options checks the defaults of AS3WebSocket's WebSocketConfig.
func TestAS3Options(t *testing.T) {
	o := airsocket.AS3Options()
	if o.MaxFrame != 0x100000 || o.MaxMessage != 0x800000 || o.FragmentSize != 0x4000 || o.FrameEvents || o.CloseTimeout != 5*time.Second {
		t.Errorf("%+v", o)
	}
	if o == airsocket.AS3Options() {
		t.Error("two calls returned the same Options")
	}
	const continuation, last = 0x00, 0x80
	wstest.StartServer(t, func(opts *airsocket.Options) { opts.FragmentSize = o.FragmentSize }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			s.Send(strings.Repeat("x", 0x4000))
			s.Send(strings.Repeat("y", 0x8001))
			s.Close(1000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpText, strings.Repeat("x", 0x4000))
		p.Want(wstest.OpText&^last, strings.Repeat("y", 0x4000))
		p.Want(continuation, strings.Repeat("y", 0x4000))
		p.Want(continuation|last, "y")
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestParts checks AS3WebSocket's frame events.
func TestParts(t *testing.T) {
	type part struct {
		kind       wire.Kind
		data       string
		cont, more bool
	}
	var got []part
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.FrameEvents = true; o.MaxMessage = 8 }, func(s *airsocket.Socket) {
		s.OnFrame(func(e *airsocket.FrameEvent) {
			got = append(got, part{e.Kind, string(e.Data), e.Cont, e.More})
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpText, "whole")
		p.Send(0x01, "a\xc3") // the first half of a character
		p.Send(wstest.OpPing, "between")
		p.Want(wstest.OpPong, "between")
		p.Send(0x00, "\xa9b")
		p.Send(0x80, "c")
		p.Send(wstest.OpBinary, "")
		p.Send(0x02, "12345678")
		p.Send(0x80, "9") // MaxMessage applies to all parts together
		p.WantClose(airsocket.StatusMessageTooBig)
		p.Close()
	})
	want := []part{
		{wire.Text, "whole", false, false},
		{wire.Text, "a\xc3", false, true}, {wire.Text, "\xa9b", true, true}, {wire.Text, "c", true, false},
		{wire.Binary, "", false, false},
		{wire.Binary, "12345678", false, true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("parts:\n got %v\nwant %v", got, want)
	}
	j.WantError(wire.ErrMessageTooBig)
	if slices.ContainsFunc(j.Lines, func(line string) bool { return strings.HasPrefix(line, "text ") }) {
		t.Errorf("message events: %q", j.Lines)
	}
}

// TestPingFunc checks Faye's ping(message, callback).
func TestPingFunc(t *testing.T) {
	var got []string
	ping := func(s *airsocket.Socket, payload string) {
		err := s.PingFunc([]byte(payload), func() { got = append(got, payload) })
		if err != nil {
			t.Errorf("PingFunc: %v", err)
		}
	}
	wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			ping(s, "a")
			ping(s, "b")
			ping(s, "a")
			ping(s, "never answered")
		})
		airsocket.AddEventListener(s, airsocket.EventPong, func(e *airsocket.PongEvent) { got = append(got, "pong "+string(e.Data)) })
	}, func(p *wstest.RawPeer) {
		p.Open()
		for _, payload := range []string{"a", "b", "a", "never answered"} {
			p.Want(wstest.OpPing, payload)
		}
		for _, payload := range []string{"unasked", "b", "a", "b"} {
			p.Send(wstest.OpPong, payload)
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	if want := []string{"pong unasked", "pong b", "b", "pong a", "a", "pong b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPingFuncsAreBounded checks that the number of functions that wait for a pong
// is limited.
func TestPingFuncsAreBounded(t *testing.T) {
	waiting := 0
	wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			var err error
			for waiting = 0; err == nil && waiting < 1<<16; waiting++ {
				err = s.PingFunc(nil, func() {})
			}
			if err != airsocket.ErrBufferFull {
				t.Errorf("after %d: %v", waiting, err)
			}
			s.Drop(1000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.SkipToEnd()
		p.Close()
	})
}

// TestDrop checks WebSocket-Node's drop.
func TestDrop(t *testing.T) {
	s := airsocket.NewSocket(nil)
	if err := s.Drop(1000, ""); !errors.Is(err, airsocket.ErrInvalidState) {
		t.Errorf("before the start: %v", err)
	}
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
			s.Send("last words")
			if err := s.Drop(1008, "no"); err != nil {
				t.Error(err)
			}
			if err := s.Drop(1008, strings.Repeat("n", 124)); err != airsocket.ErrReason {
				t.Errorf("a long reason: %v", err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpText, "x")
		p.Want(wstest.OpText, "last words")
		p.Want(wstest.OpClose, wstest.ClosePayload(1008, "no"))
		p.WantEnd() // without an answer from this end
	})
	j.Want("open", "text x", `close 1008 "no" unclean`)

	wstest.StartClient(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if err := s.Drop(1005, ""); err != airsocket.ErrCode {
				t.Errorf("Drop(1005): %v", err)
			}
			if err := s.Drop(1002, ""); err != nil {
				t.Errorf("a client's Drop(1002): %v", err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Accept()
		p.Want(wstest.OpClose, wstest.ClosePayload(1002, ""))
		p.WantEnd()
	})
}

// TestPauseAndResume checks WebSocket-Node's pause and resume: messages that have
// already been received wait too.
func TestPauseAndResume(t *testing.T) {
	var got []string
	var d *airsocket.Dispatcher
	wstest.StartServer(t, func(o *airsocket.Options) { d = o.Dispatcher }, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Text())
			if e.Text() == "a" {
				s.Pause()
				s.Pause()
				d.Post(func() {
					got = append(got, "resumed")
					s.Resume()
					s.Resume()
				})
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.WriteRaw(append(p.Frame(wstest.OpText, "a"), p.Frame(wstest.OpText, "b")...))
		p.Send(wstest.OpText, "c")
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	if want := []string{"a", "resumed", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestQueueBeforeOpen checks Faye's sends before the open event.
func TestQueueBeforeOpen(t *testing.T) {
	for _, queues := range []bool{true, false} {
		var s *airsocket.Socket
		wstest.StartClient(t, func(o *airsocket.Options) {
			o.QueueBeforeOpen = queues
			dial := o.Dial
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				for i, err := range []error{s.Send("one"), s.Ping([]byte("two")), s.SendBytes([]byte("three"))} {
					if queues && err != nil || !queues && !errors.Is(err, airsocket.ErrInvalidState) {
						t.Errorf("send %d while connecting: %v", i, err)
					}
				}
				return dial(ctx, network, address)
			}
		}, func(own *airsocket.Socket) {
			s = own
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Send("four") })
		}, func(p *wstest.RawPeer) {
			p.Accept()
			if queues {
				p.Want(wstest.OpText, "one")
				p.Want(wstest.OpPing, "two")
				p.Want(wstest.OpBinary, "three")
			}
			p.Want(wstest.OpText, "four")
			p.Close()
		})
	}
}

// TestSockets checks WebSocket-Node's connections.
func TestSockets(t *testing.T) {
	var srv airsocket.Server
	opened := make(chan bool, 3)
	srv.OnConnect(func(s *airsocket.Socket) {
		if slices.Contains(slices.Collect(srv.Sockets()), s) {
			t.Error("Sockets returned a socket that was not open yet")
		}
		s.OnOpen(func(*airsocket.OpenEvent) { opened <- true })
	})
	url := wstest.Serve(t, &srv)
	for range 3 {
		wstest.ConnectRaw(t, url)
		<-opened
	}
	if n := len(slices.Collect(srv.Sockets())); n != 3 {
		t.Errorf("%d sockets", n)
	}
	for range srv.Sockets() {
		break // must not panic
	}
}

// TestSocketsBeforeOpen checks that a Socket whose client has the response already is not
// among the Sockets before the turn of its open event, and is afterwards.
func TestSocketsBeforeOpen(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
	url := wstest.Serve(t, srv)
	held, release := make(chan bool), make(chan bool)
	go d.Post(func() { close(held); <-release })
	<-held
	p := wstest.ConnectRaw(t, url)
	if n := len(slices.Collect(srv.Sockets())); n != 0 {
		t.Errorf("%d sockets before the open event", n)
	}
	close(release)
	p.Send(wstest.OpPing, "")
	p.Want(wstest.OpPong, "")
	if n := len(slices.Collect(srv.Sockets())); n != 1 {
		t.Errorf("%d sockets after it", n)
	}
}

// TestClosedListener checks that connections stay when the Server stops listening,
// as with AIR's ServerSocket.close and WebSocket-Node's unmount.
func TestClosedListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
	defer srv.Close()
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	var served error
	var wg sync.WaitGroup
	wg.Go(func() { served = srv.Serve(l) })
	p := wstest.ConnectRaw(t, "ws://"+l.Addr().String()+"/")
	l.Close()
	wg.Wait()
	if !errors.Is(served, net.ErrClosed) {
		t.Errorf("Serve: %v", served)
	}
	p.Send(wstest.OpText, "still here")
	p.Want(wstest.OpText, "still here")
	srv.Close()
	p.SkipToEnd()
}

// TestDispatchEvent checks that DispatchEvent calls the listeners before it
// returns, as AS3's dispatchEvent does.
func TestDispatchEvent(t *testing.T) {
	s := airsocket.NewSocket(nil)
	calls := 0
	s.OnOpen(func(*airsocket.OpenEvent) { t.Error("the handler set by OnOpen was called") })
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { calls++ })
	s.DispatchEvent(new(airsocket.OpenEvent))
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestAddresses(t *testing.T) {
	wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		if s.Conn() != nil || s.LocalAddr() != nil || s.RemoteAddr() != nil || s.Version() != 0 || s.Request() != nil {
			t.Error("a new socket has properties of a connection")
		}
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if s.LocalAddr().String() != s.Conn().LocalAddr().String() || s.RemoteAddr().String() != s.Conn().RemoteAddr().String() {
				t.Errorf("%v and %v", s.LocalAddr(), s.RemoteAddr())
			}
			if s.Version() != wire.Hybi13 || s.Extensions() != "" || s.URL() != "" {
				t.Errorf("version %v, extensions %q, URL %q", s.Version(), s.Extensions(), s.URL())
			}
			if r := s.Request(); r == nil || r.Host != "example.com" || r.Target != "/" {
				t.Errorf("request %+v", r)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestRequestIsLetGo checks that a socket keeps its request after the open event
// only if Request was called by then.
func TestRequestIsLetGo(t *testing.T) {
	for _, asks := range []bool{true, false} {
		wstest.StartServer(t, nil, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				if asks {
					s.Request()
				}
			})
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				if has := s.Request() != nil; has != asks {
					t.Errorf("Request was called: %v, the request is kept: %v", asks, has)
				}
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpText, "x")
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.FinishClose()
		})
	}
}

// TestPolicyServer checks web-socket-js's policy file.
func TestPolicyServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	policy := airsocket.FlashPolicyFor([]string{"example.com"}, l.Addr(), &net.UnixAddr{Name: "none"})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if !slices.Equal(policy.Ports, []string{port}) || !slices.Equal(policy.Domains, []string{"example.com"}) {
		t.Errorf("%+v", policy)
	}
	srv := &airsocket.FlashPolicyServer{Policy: policy, MaxConns: 1}
	defer srv.Close()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()

	say := func(what string) string {
		t.Helper()
		p := wstest.DialRaw(t, "ws://"+l.Addr().String())
		io.WriteString(p, what)
		answer, _ := io.ReadAll(p.Conn)
		p.Close()
		return string(answer)
	}
	if got := say("<policy-file-request/>\x00"); got != string(policy.AppendTo(nil)) {
		t.Errorf("the answer is %q", got)
	}
	if got := say("GET / HTTP/1.1\r\n\r\n"); got != "" {
		t.Errorf("another request is answered with %q", got)
	}

	first := wstest.DialRaw(t, "ws://"+l.Addr().String())
	io.WriteString(first, "<policy-")
	if got := say("<policy-file-request/>\x00"); got != "" {
		t.Errorf("a client beyond MaxConns is answered with %q", got)
	}
	srv.Close()
	first.WantEnd()
	if err := <-done; err != airsocket.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
	if err := srv.ListenAndServe("127.0.0.1:0"); err != airsocket.ErrServerClosed {
		t.Errorf("Serve after Close: %v", err)
	}
}

func TestPolicyServerTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.FlashPolicyServer{Timeout: time.Millisecond}
	go srv.Serve(l)
	defer srv.Close()
	p := wstest.DialRaw(t, "ws://"+l.Addr().String())
	p.WantEnd()
}
