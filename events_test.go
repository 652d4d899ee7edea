package airsocket_test

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A score is an event defined by user code.
type score struct{ points int }

func (*score) Type() string { return "score" }

const eventScore airsocket.EventType[*score] = "score"

func TestListeners(t *testing.T) {
	s := airsocket.NewSocket(nil)
	var calls []string
	add := func(name string, opts ...airsocket.ListenerOption) *airsocket.Listener {
		return airsocket.AddEventListener(s, eventScore, func(*score) { calls = append(calls, name) }, opts...)
	}
	want := func(when string, names ...string) {
		t.Helper()
		s.DispatchEvent(&score{})
		if !slices.Equal(calls, names) {
			t.Errorf("%s: %q, want %q", when, calls, names)
		}
		calls = nil
	}
	if s.HasEventListener("score") {
		t.Error("a new socket has a listener")
	}
	want("no listener")
	a := add("a")
	add("high", airsocket.Priority(5))
	add("low", airsocket.Priority(-5))
	b := add("b")
	add("once", airsocket.Once(), airsocket.Priority(5))
	want("by priority, then in the order of adding", "high", "once", "a", "b", "low")
	want("once is gone", "high", "a", "b", "low")
	a.Remove()
	a.Remove()
	want("removed", "high", "b", "low")
	b.Remove()
	if !s.HasEventListener("score") || s.HasEventListener("message") {
		t.Error("HasEventListener is wrong")
	}
}

func TestListenersChangedWhileDispatching(t *testing.T) {
	s := airsocket.NewSocket(nil)
	var calls []string
	var second *airsocket.Listener
	airsocket.AddEventListener(s, eventScore, func(e *score) {
		calls = append(calls, "first")
		second.Remove()
		airsocket.AddEventListener(s, eventScore, func(*score) { calls = append(calls, "added") })
		if e.points == 0 {
			s.DispatchEvent(&score{points: 1}) // does not call this listener again: it was added with Once
		}
	}, airsocket.Once())
	second = airsocket.AddEventListener(s, eventScore, func(*score) { calls = append(calls, "second") })
	airsocket.AddEventListener(s, eventScore, func(e *score) { calls = append(calls, "third") })
	s.DispatchEvent(&score{})
	// The inner dispatch calls third and the added listener, the outer one only third.
	if want := []string{"first", "third", "added", "third"}; !slices.Equal(calls, want) {
		t.Errorf("%q, want %q", calls, want)
	}
}

// TestListenerOfAnotherType checks that an event does not reach listeners that were
// added for another type under the same name.
func TestListenerOfAnotherType(t *testing.T) {
	s := airsocket.NewSocket(nil)
	airsocket.AddEventListener(s, airsocket.EventType[*airsocket.OpenEvent]("score"), func(*airsocket.OpenEvent) {
		t.Error("called")
	})
	s.DispatchEvent(&score{})
}

// TestHandlerBeforeListeners checks that the handler set by an On method is called
// before the listeners, and that setting a handler replaces the one before.
func TestHandlerBeforeListeners(t *testing.T) {
	var calls []string
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { calls = append(calls, "listener") }, airsocket.Priority(9))
		s.OnMessage(func(*airsocket.MessageEvent) { t.Error("a handler was called that had been replaced") })
		s.OnMessage(func(*airsocket.MessageEvent) {
			calls = append(calls, "handler")
			s.OnMessage(nil)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpText, "1")
		p.Send(wstest.OpText, "2")
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.WantError(nil)
	if want := []string{"handler", "listener", "listener"}; !slices.Equal(calls, want) {
		t.Errorf("%q, want %q", calls, want)
	}
}

func TestPreventDefaultOnPing(t *testing.T) {
	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventPing, func(e *airsocket.PingEvent) {
			if string(e.Data) == "mine" {
				e.PreventDefault()
				s.Pong([]byte("own"))
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpPing, "a")
		p.Send(wstest.OpPing, "mine")
		p.Send(wstest.OpPing, "b")
		p.Want(wstest.OpPong, "a")
		p.Want(wstest.OpPong, "own")
		p.Want(wstest.OpPong, "b")
		p.Send(wstest.OpPong, "unasked")
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", "ping a", "ping mine", "ping b", "pong unasked", `close 1005 "" clean`)
}

// TestMessageData checks that Clone and Text return copies, which stay the same
// when the memory of the message is reused.
func TestMessageData(t *testing.T) {
	var clones [][]byte
	var texts []string
	wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Kind() != wire.Text || e.Binary() {
				t.Errorf("kind %d", e.Kind())
			}
			clones, texts = append(clones, e.Clone()), append(texts, e.Text())
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		for _, text := range []string{"one", "two", ""} {
			p.Send(wstest.OpText, text)
			p.Send(wstest.OpPing, text) // so that the messages arrive in separate reads
			p.Want(wstest.OpPong, text)
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	for i, want := range []string{"one", "two", ""} {
		if i >= len(clones) || string(clones[i]) != want || texts[i] != want {
			t.Fatalf("%q and %q, want %q at %d", clones, texts, want, i)
		}
	}
}

func TestRecover(t *testing.T) {
	oh := errors.New("oh")
	for name, attach := range map[string]func(*airsocket.Socket){
		"open":    func(s *airsocket.Socket) { s.OnOpen(func(*airsocket.OpenEvent) { panic(oh) }) },
		"message": func(s *airsocket.Socket) { s.OnMessage(func(*airsocket.MessageEvent) { panic(oh) }) },
		"listener": func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventPing, func(*airsocket.PingEvent) { panic(oh) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := wstest.StartServer(t, func(o *airsocket.Options) { o.Recover = true }, attach, func(p *wstest.RawPeer) {
				p.Open()
				p.WriteRaw(append(p.Frame(wstest.OpText, "x"), p.Frame(wstest.OpPing, "")...))
				p.Want(wstest.OpClose, wstest.ClosePayload(1011, "internal error"))
				p.Send(wstest.OpClose, wstest.ClosePayload(1011, ""))
				p.FinishClose()
			})
			if last := j.Lines[len(j.Lines)-1]; last != `close 1011 "internal error" unclean` {
				t.Error(last)
			}
			if j.Err == nil {
				t.Fatal("no error event")
			}
			if e, ok := errors.AsType[*airsocket.PanicError](j.Err.Err); !ok || e.Value != oh || len(e.Stack) == 0 {
				t.Errorf("error event: %v", j.Err.Err)
			}
		})
	}
}

// TestRecoverInOnConnect checks that a panic before the connection is open rejects
// the request.
func TestRecoverInOnConnect(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Recover: true}}
	srv.OnConnect(func(*airsocket.Socket) { panic("oh") })
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	if got := p.ReadResponse().StatusCode; got != http.StatusInternalServerError {
		t.Errorf("status %d", got)
	}
}

// TestSecondConnection checks that a socket can be opened again in its close
// handler, and that nothing of the first connection is left in the second.
func TestSecondConnection(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	first, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, SilentClose: true, MaxBuffered: -1})
	j := wstest.Follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
		if len(j.Lines) == 1 {
			// This is more than the system takes: a writer goroutine is running when the
			// connection ends.
			s.SendBytes(make([]byte, 32<<20))
			first.SetLinger(0)
			first.Close()
			return
		}
		s.Send("again")
	})
	airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Close(1000, "") })
	airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
		if n := s.BufferedAmount(); n != 0 {
			t.Errorf("%d bytes of the first connection are waiting", n)
		}
	}, airsocket.Once())
	go func() { wstest.NewRawPeer(t, first, true).WriteRaw([]byte(wstest.UpgradeRequest)) }()
	wstest.Run(t, d, func() { s.StartServer(ours) })
	j.Want("open", "error", `close 1006 "" unclean`, "open", "text again")
}

// A stuckConn is a connection whose Write returns long after Close.
type stuckConn struct {
	net.Conn
	release chan struct{}
}

func (c stuckConn) Write(p []byte) (int, error) {
	if len(p) < 4<<10 {
		return c.Conn.Write(p)
	}
	<-c.release
	return 0, net.ErrClosed
}

// TestWriterOfTheFirstConnection checks that the writer goroutine of the first
// connection does not disturb the second one.
func TestWriterOfTheFirstConnection(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	first, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	j := wstest.Follow(t, s)
	release := make(chan struct{})
	texts := 0
	s.OnOpen(func(*airsocket.OpenEvent) {
		if texts == 0 && s.URL() == "" {
			s.SendBytes(make([]byte, 2<<20))
			first.Close()
			return
		}
		close(release)
		s.Send("x")
	})
	s.OnMessage(func(*airsocket.MessageEvent) {
		if texts++; texts == 50 {
			s.Close(1000, "")
			return
		}
		s.Send("x")
	})
	airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { s.Connect(url) }, airsocket.Once())
	go func() { wstest.NewRawPeer(t, first, true).WriteRaw([]byte(wstest.UpgradeRequest)) }()
	wstest.Run(t, d, func() { s.StartServer(stuckConn{ours, release}) })
	j.Want("error", `close 1006 "" unclean`, `close 1000 "" clean`)
	if texts != 50 {
		t.Errorf("%d messages of 50 came back", texts)
	}
}

func TestInvalidState(t *testing.T) {
	s := airsocket.NewSocket(nil)
	if s.ReadyState() != airsocket.StateInit {
		t.Errorf("state %d", s.ReadyState())
	}
	for name, err := range map[string]error{
		"Send":      s.Send("x"),
		"SendBytes": s.SendBytes(nil),
		"Ping":      s.Ping(nil),
		"Close":     s.Close(1000, ""),
	} {
		if !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("%s before the start: %v", name, err)
		}
	}
	if err := s.SendMessage(wire.Text, nil); err != airsocket.ErrArgument {
		t.Errorf("SendMessage without data: %v", err)
	}
	if err := s.SendMessage(wire.Fail, []byte{}); err != airsocket.ErrArgument {
		t.Errorf("SendMessage: %v", err)
	}
	if err := s.StartServer(nil); err != airsocket.ErrArgument {
		t.Errorf("StartServer: %v", err)
	}
	if err := s.Upgrade(nil, nil); err != airsocket.ErrArgument {
		t.Errorf("Upgrade: %v", err)
	}

	j := wstest.StartServer(t, nil, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if err := s.Connect("ws://example.com/"); !errors.Is(err, airsocket.ErrInvalidState) {
				t.Errorf("Connect while open: %v", err)
			}
			for _, code := range []airsocket.StatusCode{1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000} {
				if err := s.Close(code, ""); err != airsocket.ErrCode {
					t.Errorf("Close(%d): %v", code, err)
				}
			}
			if err := s.Close(0, "why"); err != airsocket.ErrCode {
				t.Errorf("Close with a reason and no code: %v", err)
			}
			if err := s.Close(1000, "\xff"); err != airsocket.ErrReason {
				t.Errorf("Close with a reason that is not allowed: %v", err)
			}
			if err := s.Send("\xff"); !errors.Is(err, wire.ErrBadText) {
				t.Errorf("Send of text that is not UTF-8: %v", err)
			}
			s.Close(1001, "")
			s.Close(1000, "twice")
		})
		airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) {
			if err := s.Send("x"); err != airsocket.ErrClosed {
				t.Errorf("Send after the end: %v", err)
			}
			if err := s.Close(1000, ""); err != nil {
				t.Errorf("Close after the end: %v", err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, wstest.ClosePayload(1001, ""))
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", `close 1005 "" clean`)

	wstest.StartClient(t, nil, func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			if err := s.Close(1001, ""); err != airsocket.ErrCode {
				t.Errorf("a client's Close(1001): %v", err)
			}
			s.Close(3000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Accept()
		p.Want(wstest.OpClose, wstest.ClosePayload(3000, ""))
		p.Close()
	})
}
