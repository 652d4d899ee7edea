package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// The tests of RulesBrowser are named after the sections of the standards that they follow:
// of WHATWG WebSockets, unless they say otherwise.

// likeBrowser sets RulesBrowser and then calls the functions in more.
func likeBrowser(more ...func(*airsocket.Options)) func(*airsocket.Options) {
	return func(o *airsocket.Options) {
		o.Rules = airsocket.RulesBrowser
		for _, set := range more {
			set(o)
		}
	}
}

// answerClose answers a close frame and ends the connection.
func answerClose(p *wstest.RawPeer, code airsocket.StatusCode) {
	p.WantClose(code)
	p.Send(wstest.OpClose, wstest.ClosePayload(int(code), ""))
	p.FinishClose()
}

// browserSocket returns a Socket with RulesBrowser that has a Dispatcher of its own.
func browserSocket() *airsocket.Socket {
	return airsocket.NewSocket(&airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: new(airsocket.Dispatcher), Dial: wstest.HangingDial, QueueBeforeOpen: true})
}

// url returns what URL returns after Connect, or the error of Connect.
func urlAfterConnect(url string) (string, error) {
	s := browserSocket()
	defer s.Drop(1000, "")
	err := s.Connect(url)
	return s.URL(), err
}

func TestBrowserConstructorURL(t *testing.T) {
	for _, c := range [][2]string{
		{"WS://LOCALHOST:80", "ws://localhost/"},
		{"wss://LocalHost:443/", "wss://localhost/"},
		{"wss://localhost:80/", "wss://localhost:80/"},
		{"http://localhost/a", "ws://localhost/a"},
		{"HTTPS://localhost", "wss://localhost/"},
		{"ws://localhost:00080/", "ws://localhost/"},
		{"ws://localhost:00081/", "ws://localhost:81/"},
		{"ws://localhost:/", "ws://localhost/"},
		{"ws://[::1]:80/", "ws://[::1]/"},
		{"ws://[0:0:0:0:0:0:0:1]:81/", "ws://[::1]:81/"},
		{"ws://[2001:DB8:0:0:1::]/", "ws://[2001:db8:0:0:1::]/"},
		{"ws://[1:0:0:2:0:0:0:3]/", "ws://[1:0:0:2::3]/"},
		{"ws://[::FFFF:1.2.3.4]/", "ws://[::ffff:102:304]/"},
		{"ws://[::1.2.3.4]/", "ws://[::102:304]/"},
		{"ws://127.0.0.1:80/", "ws://127.0.0.1/"},
		{"ws://255.255.255.255/", "ws://255.255.255.255/"},
		{"ws://1.2.3.4.example/", "ws://1.2.3.4.example/"},
		{"ws://0x1g/", "ws://0x1g/"},
		{"ws://1a/", "ws://1a/"},
		{"ws://a..b./", "ws://a..b./"},
		{"ws://a_b!$&'()*+,;=~/", "ws://a_b!$&'()*+,;=~/"},
		{"ws://localhost.", "ws://localhost./"},
		{"ws://b\u00fccher.example/", "ws://xn--bcher-kva.example/"},
		{"ws://localhost?x", "ws://localhost/?x"},
		{"ws://localhost/?", "ws://localhost/?"},
		{"ws://localhost/?a\\b", "ws://localhost/?a\\b"},
		{"ws://localhost/a/../b/./c/%2e%2E/d/.", "ws://localhost/b/d/"},
		{"ws://localhost/a/.%2E", "ws://localhost/"},
		{"ws://localhost/..", "ws://localhost/"},
		{"ws://localhost//a//../b", "ws://localhost//a/b"},
		{"ws://localhost/a;b/%2E/c%2f%41", "ws://localhost/a;b/c%2f%41"},
		{"ws://localhost/%zz/%", "ws://localhost/%zz/%"},
		{"ws://localhost/a?b?c/../d", "ws://localhost/a?b?c/../d"},
		{"ws://localhost/a b/\u00e9?q r\u00e9'\"<>`{}", "ws://localhost/a%20b/%C3%A9?q%20r%C3%A9%27%22%3C%3E`{}"},
		{"ws://localhost/\"<>`{}^'~!$&()*+,;=:@", "ws://localhost/%22%3C%3E%60%7B%7D%5E'~!$&()*+,;=:@"},
		{"  ws://localhost/a ", "ws://localhost/a"},
		{"ws://u:p@localhost/", "ws://u:p@localhost/"},
		{"ws://u s:p%zz:x@localhost/", "ws://u%20s:p%zz%3Ax@localhost/"},
		{"ws://u:@localhost/", "ws://u@localhost/"},
		{"ws://@localhost/", "ws://localhost/"},
		{"ws://:@localhost/", "ws://localhost/"},
	} {
		if got, err := urlAfterConnect(c[0]); got != c[1] || err != nil {
			t.Errorf("%s: %q, %v, want %s", c[0], got, err, c[1])
		}
	}
	for _, url := range []string{
		"", "/", "localhost", "ftp://localhost/", "ws:///", "ws://localhost/#", "ws://localhost/?#x", "ws://localhost#x",
		"ws://localhost:65536/", "ws://localhost:x/", "ws://a b/", "ws://a:b:80/", "ws://%61/", "ws://a|b/", "ws://a\"b/", "ws://a{b}/", "ws://[::1/", "ws://[1.2.3.4]/", "ws://[::1%25lo]/", "ws://[::1%lo]/", "ws://[]/", "ws://::1/", "ws+unix:///run/socket", "ws+unix:///run/socket:/",
		"ws://127.1/", "ws://0x7f.1/", "ws://127.0.0.1./", "ws://1.2.3/", "ws://2130706433/", "ws://0177.0.0.1/", "ws://127.0.0.01/", "ws://256.1.1.1/", "ws://1.2.3.4.5/",
		"ws://0x/", "ws://a.0X/", "ws://a.1/", "ws://a.1./", "ws://\uff11\uff12\uff17.1/", "ws://user@0x7f.1:80/",
		"ws://localhost/a\\b", "ws://localhost/a\tb", "ws://localhost/a\x00b",
	} {
		if got, err := urlAfterConnect(url); !errors.Is(err, airsocket.ErrURL) {
			t.Errorf("%q: %q, %v, want ErrURL", url, got, err)
		}
	}
}

// The request is for what URL says.
func TestBrowserConstructorURLIsRequested(t *testing.T) {
	for _, c := range []struct{ url, target string }{
		{"ws://example.com/%zz/../a%/%2e?q'%", "/a%/?q%27%"},
		{"ws://example.com//a/%zz", "//a/%zz"},
	} {
		theirs, ours := wstest.TCPPair(t)
		opts := &airsocket.Options{Dial: wstest.DialTo(ours)}
		p := wstest.NewRawPeer(t, theirs, false)
		j := wstest.Converse(t, opts, likeBrowser(), nil, func(s *airsocket.Socket) error { return s.Connect(c.url) }, p, func(p *wstest.RawPeer) {
			head := wstest.ReadHead(t, p.Reader) // net/http does not read such targets
			if target := strings.Fields(head)[1]; target != c.target {
				t.Errorf("%s: requested is %q, want %s", c.url, head, c.target)
			}
			p.Close()
		})
		j.Want(wstest.Refused...)
	}
}

func TestBrowserConstructorProtocols(t *testing.T) {
	for _, protocols := range [][]string{{"echo", "echo"}, {"echo", "eCho"}, {"a", "b", "A"}, {""}, {"a b"}, {"a,b"}, {"\u00e9"}} {
		s := browserSocket()
		if err := s.Connect("ws://example.com/", protocols...); !errors.Is(err, airsocket.ErrProtocol) {
			t.Errorf("%q: %v, want ErrProtocol", protocols, err)
		}
	}
	s := browserSocket()
	if err := s.Connect("ws://example.com/", "a", "b"); err != nil {
		t.Error(err)
	}
	s.Drop(1000, "")
}

func TestBrowserOpeningHandshake(t *testing.T) {
	asks := func(o *airsocket.Options) { o.Protocols = []string{"echo", "chat"} }
	answer := func(fields string) func(*wstest.RawPeer) {
		return func(p *wstest.RawPeer) {
			key := p.ReadRequest().Header.Get("Sec-WebSocket-Key")
			p.WriteRaw(fmt.Appendf(nil, wstest.UpgradeResponse, wstest.AcceptKey(key)+fields))
			p.SkipToEnd()
		}
	}
	for name, fields := range map[string]string{
		"no subprotocol":    "",
		"empty subprotocol": "\r\nSec-WebSocket-Protocol: ",
	} {
		t.Run(name, func(t *testing.T) {
			j := wstest.StartClient(t, likeBrowser(asks), nil, answer(fields))
			j.Want(wstest.Refused...)
			if fields == "" {
				j.WantError(handshake.ErrNoProtocol)
			}
		})
	}
	t.Run("redirect", func(t *testing.T) {
		follows := func(o *airsocket.Options) { o.MaxRedirects = 5 }
		j := wstest.StartClient(t, likeBrowser(follows), nil, func(p *wstest.RawPeer) {
			p.ReadRequest()
			p.WriteRaw([]byte("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"))
			p.SkipToEnd()
		})
		j.Want(wstest.Refused...)
		j.WantError(handshake.ErrStatus)
	})
	t.Run("chosen", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(asks), wstest.CloseAt(airsocket.EventOpen, 1000, ""), func(p *wstest.RawPeer) {
			key := p.ReadRequest().Header.Get("Sec-WebSocket-Key")
			p.WriteRaw(fmt.Appendf(nil, wstest.UpgradeResponse, wstest.AcceptKey(key)+"\r\nSec-WebSocket-Protocol: chat"))
			answerClose(p, 1000)
		})
		j.Want("open", `close 1000 "" clean`)
		if p := j.Socket.Protocol(); p != "chat" {
			t.Errorf("the subprotocol is %q", p)
		}
	})
}

// TestBrowserRefusalWithoutBody checks that a browser does not wait for the body of a refusal.
func TestBrowserRefusalWithoutBody(t *testing.T) {
	for rules, want := range map[airsocket.Rules]time.Duration{airsocket.RulesBrowser: 0, airsocket.RulesDefault: 10 * time.Second} {
		j, took := inTime(t, true, &airsocket.Options{Rules: rules, HandshakeTimeout: 10 * time.Second}, nil, func(p *wstest.RawPeer) {
			p.ReadRequest()
			p.WriteRaw([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n"))
			p.SkipToEnd()
		})
		j.Want(wstest.Refused...)
		j.WantError(handshake.ErrStatus)
		if took != want {
			t.Errorf("with the rules %d it took %v, want %v", rules, took, want)
		}
	}
}

// TestBrowserPortBlocking is for section 2.9 of WHATWG Fetch.
func TestBrowserPortBlocking(t *testing.T) {
	dialed := func(rules airsocket.Rules, url string) (addresses []string, err error) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Rules: rules, Dispatcher: d, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			addresses = append(addresses, address)
			return nil, errDialling
		}})
		j := wstest.Follow(t, s)
		if rules == airsocket.RulesBrowser {
			j.ErrorState = airsocket.StateClosed
		}
		wstest.Run(t, d, func() {
			if err := s.Connect(url); err != nil {
				t.Errorf("%s: %v", url, err)
			}
			if s.ReadyState() != airsocket.StateConnecting {
				t.Errorf("%s: the state is %d at first", url, s.ReadyState())
			}
		})
		j.Want(wstest.Refused...)
		return addresses, j.Err.Err
	}
	for _, port := range []string{"0", "1", "25", "6000", "6679", "10080"} {
		if a, err := dialed(airsocket.RulesBrowser, "ws://example.com:"+port); len(a) > 0 || !errors.Is(err, airsocket.ErrBlockedPort) {
			t.Errorf("port %s: dialed %q, %v", port, a, err)
		}
		if a, err := dialed(airsocket.RulesDefault, "ws://example.com:"+port); len(a) != 1 || !errors.Is(err, errDialling) {
			t.Errorf("port %s by default: dialed %q, %v", port, a, err)
		}
	}
	for _, port := range []string{"80", "443", "8080", "6001"} {
		if a, err := dialed(airsocket.RulesBrowser, "ws://example.com:"+port); len(a) != 1 || !errors.Is(err, errDialling) {
			t.Errorf("port %s: dialed %q, %v", port, a, err)
		}
	}
}

func TestBrowserCloseWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := browserSocket()
		j := wstest.Follow(t, s)
		j.ErrorState = airsocket.StateClosed
		if err := s.Connect("ws://example.com/"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := s.Send("x"); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("Send while connecting: %v", err)
		}
		if err := s.Close(3000, "x"); err != nil {
			t.Error(err)
		}
		if st := s.ReadyState(); st != airsocket.StateClosing {
			t.Errorf("the state after Close is %d", st)
		}
		if err := s.Send("\u00e9"); err != nil || s.BufferedAmount() != 2 {
			t.Errorf("Send after Close: %v, %d bytes are buffered", err, s.BufferedAmount())
		}
		synctest.Wait()
		j.Want(wstest.Refused...)
		j.WantError(airsocket.ErrAborted)
	})
}

func TestBrowserCloseCode(t *testing.T) {
	j := wstest.StartClient(t, likeBrowser(), func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for _, code := range []airsocket.StatusCode{0, 1, 999, 1001, 1005, 1006, 2999, 5000, 65535} {
				if err := s.Close(code, ""); err != airsocket.ErrCode {
					t.Errorf("Close(%d): %v, want ErrCode", code, err)
				}
			}
			for _, reason := range []string{strings.Repeat("x", 124), strings.Repeat("\u00e9", 62)} {
				if err := s.Close(1000, reason); err != airsocket.ErrReason {
					t.Errorf("a reason of %d bytes: %v, want ErrReason", len(reason), err)
				}
			}
			if st := s.ReadyState(); st != airsocket.StateOpen {
				t.Errorf("the state is %d after what was refused", st)
			}
			if err := s.SendMessage(wire.Close, nil); err != nil {
				t.Error(err)
			}
			for _, code := range []airsocket.StatusCode{1000, 3000, 4999} { // too late, but allowed
				if err := s.Close(code, strings.Repeat("x", 123)); err != nil {
					t.Errorf("Close(%d): %v", code, err)
				}
			}
			if err := s.Close(0, ""); err != airsocket.ErrCode {
				t.Errorf("Close(0) while closing: %v, want ErrCode", err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.Accept()
		p.Want(wstest.OpClose, "")
		p.Send(wstest.OpClose, "")
		p.Close()
	})
	j.Want("open", `close 1005 "" clean`)
}

// A server's Close may have no code.
func TestBrowserCloseCodeOfServer(t *testing.T) {
	j := wstest.StartServer(t, likeBrowser(), wstest.CloseAt(airsocket.EventOpen, 0, ""), func(p *wstest.RawPeer) {
		p.Open()
		p.Want(wstest.OpClose, "")
		p.Send(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", `close 1005 "" clean`)
}

func TestBrowserFeedbackFromTheProtocol(t *testing.T) {
	t.Run("broken rule", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
			p.Accept(p.Frame(wstest.OpText, "a"), p.Frame(0x83, "b"), p.Frame(wstest.OpText, "c"))
			p.WantClose(1002)
			p.WantEnd() // without an answer
		})
		j.Want("open", "text a", "error", `close 1006 "" unclean`)
		j.WantError(wire.ErrUnknownOpcode)
	})
	t.Run("broken rule while closing", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), wstest.CloseAt(airsocket.EventOpen, 3000, ""), func(p *wstest.RawPeer) {
			p.Accept()
			p.WantClose(3000)
			p.Send(0x83, "b")
			p.WantEnd()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
	})
	t.Run("too long", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(func(o *airsocket.Options) { o.MaxMessage = 4 }), nil, func(p *wstest.RawPeer) {
			p.Accept(p.Frame(wstest.OpText, "12345"))
			p.WantClose(1009)
			p.WantEnd()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
		j.WantError(wire.ErrMessageTooBig)
	})
	t.Run("timeout", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(func(o *airsocket.Options) { o.IdleTimeout = time.Millisecond }), nil, func(p *wstest.RawPeer) {
			p.Accept()
			p.WantClose(1001)
			p.WantEnd()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
		j.WantError(airsocket.ErrIdleTimeout)
	})
	t.Run("panic", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(func(o *airsocket.Options) { o.Recover = true }), func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { panic("open") })
		}, func(p *wstest.RawPeer) {
			p.Accept()
			p.WantClose(1011)
			p.WantEnd()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
	})
	t.Run("end without closing handshake", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
			p.Accept()
			p.Close()
		})
		j.Want("open", `close 1006 "" unclean`)
		j.WantError(nil)
	})
	t.Run("reset", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
			p.Accept()
			p.Reset()
		})
		j.Want("open", `close 1006 "" unclean`)
	})
	t.Run("no answer to Close", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(func(o *airsocket.Options) { o.CloseTimeout = time.Millisecond }), wstest.CloseAt(airsocket.EventOpen, 1000, ""), func(p *wstest.RawPeer) {
			p.Accept()
			p.WantClose(1000)
			p.WantEnd()
		})
		j.Want("open", `close 1006 "" unclean`)
	})
	t.Run("closed by the peer", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
			p.Accept(p.Frame(wstest.OpClose, wstest.ClosePayload(4000, "bye")))
			p.WantClose(4000)
			p.Close()
		})
		j.Want("open", `close 4000 "bye" clean`)
	})
	t.Run("messages after close", func(t *testing.T) {
		j := wstest.StartClient(t, likeBrowser(), wstest.CloseAt(airsocket.EventMessage, 1000, ""), func(p *wstest.RawPeer) {
			p.Accept(p.Frame(wstest.OpText, "a"), p.Frame(wstest.OpText, "b"))
			answerClose(p, 1000)
		})
		j.Want("open", "text a", `close 1000 "" clean`)
	})
	t.Run("server", func(t *testing.T) {
		j := wstest.StartServer(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(0x83, "b")
			p.WantClose(1002)
			p.WantEnd()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
	})
}

// A handler of the error event may start the Socket again; the close event of the first
// connection still follows.
func TestBrowserConnectInTheErrorEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		fails := 1
		s := airsocket.NewSocket(&airsocket.Options{Rules: airsocket.RulesBrowser, Dispatcher: d, Recover: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if fails--; fails >= 0 {
				return nil, errDialling
			}
			return wstest.HangingDial(ctx, "", "")
		}})
		var lines []string
		s.OnError(func(e *airsocket.ErrorEvent) {
			lines = append(lines, fmt.Sprintf("error %d %v", s.ReadyState(), errors.Is(e.Err, errDialling)))
			if fails == 0 {
				if err := s.Connect("ws://example.com/2"); err != nil {
					t.Error(err)
				}
				panic("after Connect") // which must not end the second connection
			}
		})
		s.OnClose(func(e *airsocket.CloseEvent) {
			lines = append(lines, fmt.Sprintf("close %d %d %s", s.ReadyState(), e.Code, s.URL()))
			s.Close(1000, "")
		})
		d.Run(func() {
			if err := s.Connect("ws://example.com/1"); err != nil {
				t.Error(err)
			}
		})
		got := strings.Join(lines, ", ")
		want := "error 3 true, close 0 1006 ws://example.com/2, error 3 false, close 3 1006 ws://example.com/2"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// Clone keeps the rules.
func TestRulesOption(t *testing.T) {
	o := &airsocket.Options{Rules: airsocket.RulesBrowser}
	if o.Clone().Rules != airsocket.RulesBrowser {
		t.Error("Clone loses Rules")
	}
	if new(airsocket.Options).Rules != airsocket.RulesDefault {
		t.Error("the default is another one")
	}
}

// An end that has no error event is logged.
func TestBrowserLogsWhatItDoesNotTell(t *testing.T) {
	var log strings.Builder
	logs := func(o *airsocket.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
	j := wstest.StartClient(t, likeBrowser(logs), nil, func(p *wstest.RawPeer) {
		p.Accept()
		p.Close()
	})
	j.Want("open", `close 1006 "" unclean`)
	if !strings.Contains(log.String(), wire.ErrUnexpectedEnd.Error()) {
		t.Errorf("the log is %s", log.String())
	}
}

// An error handler that ends its goroutine, as a failing test does, does not keep the close
// event back.
func TestBrowserGoexitInTheErrorEvent(t *testing.T) {
	j := wstest.StartClient(t, likeBrowser(), func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) { runtime.Goexit() })
	}, func(p *wstest.RawPeer) {
		p.Accept(p.Frame(0x83, "b"))
		p.SkipToEnd()
	})
	j.Want("open", "error", `close 1006 "" unclean`)
}
