package versions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/recorded"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A message is a message that a test sends.
type message struct {
	kind wire.Kind
	data []byte
}

// messagesOf returns messages of the lengths at which the form of the header
// changes.
func messagesOf(v wire.Version) (all []message) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		data := []byte(wstest.TextOf(n))
		all = append(all, message{wire.Text, data})
		if v.Can(wire.Binary) {
			all = append(all, message{wire.Binary, data})
		}
	}
	return all
}

// Client and server understand each other in every version, with everything
// that the version has: fragments, deflate-stream and compression.
func TestRoundTrips(t *testing.T) {
	for v := range wstest.EachVersion {
		for _, fragment := range []int{0, 1000} {
			for _, stream := range []bool{false, true} {
				for _, compression := range []airsocket.Compression{airsocket.CompressionOff, airsocket.CompressionNoTakeover, airsocket.CompressionTakeover} {
					switch {
					case fragment > 0 && v < wire.Hybi06,
						stream && (v < wire.Hybi06 || v == wire.Hybi13),
						compression != airsocket.CompressionOff && v != wire.Hybi13:
						continue // the version does not have it
					}
					t.Run(fmt.Sprintf("%v fragments of %d, deflate-stream %v, compression %d", v, fragment, stream, compression), func(t *testing.T) {
						server, client := wstest.AnyOrigin(), wstest.ClientOf(v, new(airsocket.Dispatcher))
						for _, o := range []*airsocket.Options{server, client} {
							o.FragmentSize, o.DeflateStream, o.Compression = fragment, stream, compression
						}
						s := airsocket.NewSocket(client)
						long := 10 << 20
						if fragment > 0 && (stream || compression != airsocket.CompressionOff) {
							long = 1 << 20 // the 10 MiB are tested with each of them alone
						}
						all := append(messagesOf(v), message{wire.Text, bytes.Repeat([]byte("ten bytes "), long/10)})
						roundTrips(t, s, wstest.ServeEcho(t, server), all, client.Dispatcher)
						want := ""
						if stream {
							want = "deflate-stream"
						} else if compression != airsocket.CompressionOff {
							want = "permessage-deflate"
						}
						if got, _, _ := strings.Cut(s.Extensions(), ";"); got != want || s.Version() != v {
							t.Errorf("version %v, extensions %q", s.Version(), s.Extensions())
						}
					})
				}
			}
		}
	}
}

// roundTrips sends messages to an echo server. It sends the last and longest
// message when the others have come back.
func roundTrips(t *testing.T, s *airsocket.Socket, url string, all []message, d *airsocket.Dispatcher) {
	next, waiting := 0, 0
	send := func(m message) {
		before := s.BufferedAmount()
		if err := s.SendMessage(m.kind, m.data); err != nil {
			t.Errorf("message of %d bytes: %v", len(m.data), err)
		}
		if len(m.data) < 1000 && s.BufferedAmount() < before+len(m.data) {
			t.Errorf("BufferedAmount went from %d to %d with a message of %d bytes", before, s.BufferedAmount(), len(m.data))
		}
	}
	s.OnOpen(func(*airsocket.OpenEvent) {
		for _, m := range all[:len(all)-1] {
			send(m)
		}
		waiting = s.BufferedAmount()
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		if m := all[next]; e.Kind() != m.kind || !bytes.Equal(e.Bytes(), m.data) {
			t.Errorf("message %d: kind %d, %d bytes, want kind %d, %d bytes", next, e.Kind(), len(e.Bytes()), m.kind, len(m.data))
		}
		switch next++; next {
		case len(all) - 1:
			if n := s.BufferedAmount(); n != 0 {
				t.Errorf("%d bytes are waiting when all is back", n)
			}
			send(all[next])
		case len(all):
			s.Close(1000, "")
		}
	})
	s.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
	wstest.Run(t, d, func() {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	if next != len(all) {
		t.Errorf("%d of %d messages came back, %d bytes were waiting", next, len(all), waiting)
	}
}

// The events and their order are the same in every version that has them. What
// a version does not have is rejected at once.
func TestEventsOfEachVersion(t *testing.T) {
	for v := range wstest.EachVersion {
		t.Run(v.String(), func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			opts := wstest.AnyOrigin()
			opts.Dispatcher = d
			theirs, ours := wstest.TCPPair(t)
			server, o := airsocket.NewSocket(opts), wstest.ClientOf(v, d)
			o.Dial = wstest.DialTo(theirs)
			client := airsocket.NewSocket(o)
			js, jc := wstest.Follow(t, server), wstest.Follow(t, client)
			airsocket.AddEventListener(server, airsocket.EventOpen, func(*airsocket.OpenEvent) { server.Send("first") })
			airsocket.AddEventListener(client, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				client.Send("one")
				sayAll(t, client)
				client.Send("two")
				client.Close(3001, "why not")
			})
			wstest.Run(t, d, func() {
				if err := errors.Join(server.StartServer(ours), client.Connect("ws://example.com/")); err != nil {
					t.Error(err)
				}
			})
			end := `close 1005 "" clean`
			if v.Can(wire.Ping) {
				end = `close 3001 "why not" clean`
				js.Want("open", "text one", "binary 62", "ping p", "pong q", "text two", end)
			} else {
				js.Want("open", "text one", "text two", end)
			}
			jc.Want("open", "text first", end)
		})
	}
}

// sayAll sends what some versions do not have.
func sayAll(t *testing.T, s *airsocket.Socket) {
	var want error
	if !s.Version().Can(wire.Binary) {
		want = wire.ErrUnsupported
	}
	before := s.BufferedAmount()
	for what, err := range map[string]error{
		"SendBytes":   s.SendBytes([]byte("b")),
		"Ping":        s.Ping([]byte("p")),
		"Pong":        s.Pong([]byte("q")),
		"SendMessage": s.SendMessage(wire.Text, []byte("not UTF-8: \xFF")),
	} {
		if what == "SendMessage" {
			if !errors.Is(err, wire.ErrBadText) {
				t.Errorf("%s: %v", what, err)
			}
		} else if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if want != nil {
		if err := s.PingFunc(nil, func() { t.Error("a pong without a ping") }); !errors.Is(err, want) {
			t.Errorf("PingFunc: %v", err)
		}
		if s.BufferedAmount() != before {
			t.Errorf("%d bytes were queued of what the version does not have", s.BufferedAmount()-before)
		}
	}
}

// Status codes of later drafts are sent as the nearest code that a version has.
func TestCloseCodesOfEachVersion(t *testing.T) {
	all := func(c airsocket.StatusCode) [3]airsocket.StatusCode { return [3]airsocket.StatusCode{c, c, c} }
	for sent, received := range map[airsocket.StatusCode][3]airsocket.StatusCode{ // by hybi-06 and -07, -08, -13
		1000: all(1000), 1001: all(1001), 1002: all(1002), 1003: all(1003), 3000: all(3000), 4999: all(4999),
		1007: {1003, 1007, 1007}, 1008: {1002, 1008, 1008}, 1009: {1004, 1009, 1009}, 1010: {1002, 1010, 1010}, 1011: {1001, 1001, 1011},
	} {
		for v := range wstest.EachVersion {
			want := airsocket.StatusCode(1005)
			switch v {
			case wire.Hybi06, wire.Hybi07:
				want = received[0]
			case wire.Hybi08:
				want = received[1]
			case wire.Hybi13:
				want = received[2]
			}
			theirs, ours := wstest.TCPPair(t)
			d := new(airsocket.Dispatcher)
			opts, o := wstest.AnyOrigin(), wstest.ClientOf(v, d)
			opts.Dispatcher, o.Dial = d, wstest.DialTo(theirs)
			server, client := airsocket.NewSocket(opts), airsocket.NewSocket(o)
			server.OnOpen(func(*airsocket.OpenEvent) {
				if err := server.Close(sent, ""); err != nil {
					t.Errorf("%v: Close(%d): %v", v, sent, err)
				}
			})
			client.OnClose(func(e *airsocket.CloseEvent) {
				if e.Code != want || !e.WasClean {
					t.Errorf("%v: %d arrives as %d, clean %v, want %d", v, sent, e.Code, e.WasClean, want)
				}
			})
			wstest.Run(t, d, func() {
				if err := errors.Join(server.StartServer(ours), client.Connect("ws://example.com/")); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A close frame is answered with its own code, even if Close would send another
// one instead.
func TestCloseCodesAreEchoed(t *testing.T) {
	for v, number := range rawVersions {
		for _, code := range []int{1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 4999} {
			closedByRawPeer(t, v, number, func(p *wstest.RawPeer) {
				p.Send(wstest.OpClose, wstest.ClosePayload(code, "enough"))
				p.Want(wstest.OpClose, wstest.ClosePayload(code, "enough"))
			}, nil, "open", fmt.Sprintf(`close %d "enough" clean`, code))
		}
	}
}

// Clients with libwebsockets of 2011 to 2015 send close frames with two
// uninitialized bytes. Before RFC 6455, that is treated as a close without a
// code.
func TestCloseCodesThatMayNotBeSent(t *testing.T) {
	for v, number := range rawVersions {
		for _, code := range []int{0, 1, 999, 1005, 1006, 1015, 1016, 2999, 5000, 0xFFFF} {
			for _, reason := range []string{"", "why", "\xFF\x00"} {
				payload := wstest.ClosePayload(code, reason)
				if v == wire.Hybi13 {
					closedByRawPeer(t, v, number, func(p *wstest.RawPeer) {
						p.Send(wstest.OpClose, payload)
						p.WantClose(1002)
					}, wire.ErrCloseCode, "open", "error", fmt.Sprintf("close 1002 %q unclean", wire.ErrCloseCode.Reason))
					continue
				}
				closedByRawPeer(t, v, number, func(p *wstest.RawPeer) {
					p.Send(wstest.OpClose, payload)
					p.Want(wstest.OpClose, "")
				}, nil, "open", `close 1005 "" clean`)
				closedByRawPeer(t, v, number, func(p *wstest.RawPeer) {
					p.Send(wstest.OpText, "close")
					p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
					p.Send(wstest.OpClose, payload)
				}, nil, "open", "text close", `close 1005 "" clean`)
			}
		}
	}
}

// rawVersions has the versions that a RawPeer speaks, and their numbers in
// requests.
var rawVersions = map[wire.Version]string{wire.Hybi07: "7", wire.Hybi08: "8", wire.Hybi13: "13"}

// closedByRawPeer runs peer after the handshake, with a Socket in either role,
// and checks the events of the Socket. The Socket calls Close when it gets a
// text.
func closedByRawPeer(t *testing.T, v wire.Version, number string, peer func(*wstest.RawPeer), err error, events ...string) {
	t.Helper()
	attach := wstest.CloseAt(airsocket.EventMessage, 1000, "")
	server := wstest.StartServer(t, nil, attach, func(p *wstest.RawPeer) {
		p.WriteRaw([]byte(strings.Replace(wstest.UpgradeRequest, "Version: 13", "Version: "+number, 1)))
		p.ReadResponse()
		peer(p)
		p.FinishClose()
	})
	client := wstest.StartClient(t, func(o *airsocket.Options) { o.Version = v }, attach, func(p *wstest.RawPeer) {
		p.Accept()
		peer(p)
		p.FinishClose()
	})
	for _, j := range []*wstest.Journal{server, client} {
		if j.Socket.Version() != v {
			t.Errorf("the version is %v, want %v", j.Socket.Version(), v)
		}
		j.Want(events...)
		j.WantError(err)
	}
}

// A connection that is given up has not ended cleanly, not even in versions
// before 13, in which a peer may end it without answering the close.
func TestGivenUpInEachVersion(t *testing.T) {
	for _, r := range recorded.Read(t, "*/spec-handshake") {
		for _, c := range []struct {
			name string
			end  func(*airsocket.Socket) error
			err  error
			want []string
		}{
			{"Close", func(s *airsocket.Socket) error { return s.Close(1000, "") }, airsocket.ErrCloseTimeout, []string{"open", "error", `close 1006 "" unclean`}},
			{"Drop", func(s *airsocket.Socket) error { return s.Drop(3000, "enough") }, nil, []string{"open", `close 3000 "enough" unclean`}},
		} {
			if r.Version == wire.Hixie75 && c.err != nil {
				continue // its Close ends one side of the connection, which a pipe cannot do
			}
			synctest.Test(t, func(t *testing.T) {
				opts := wstest.AnyOrigin()
				opts.Dispatcher = new(airsocket.Dispatcher)
				theirs, ours := net.Pipe()
				s := airsocket.NewSocket(opts)
				j := wstest.Follow(t, s)
				if err := s.StartServer(ours); err != nil {
					t.Fatal(err)
				}
				go io.Copy(io.Discard, theirs)
				theirs.Write(r.Sides["c2s"].Wire[0])
				synctest.Wait()
				if err := c.end(s); err != nil {
					t.Error(err)
				}
				time.Sleep(30 * time.Second) // CloseTimeout by default
				synctest.Wait()
				j.Want(c.want...)
				j.WantError(c.err)
			})
		}
	}
}

// The limits also apply to frames whose header does not give a length, and to
// those whose length can have any number of bytes.
func TestLimitsOfHixie(t *testing.T) {
	x := strings.Repeat("x", 1000)
	for _, c := range []struct {
		name string
		send string
		rule error // nil: the text that follows is accepted
	}{
		{"text at the limit", "\x00" + x + "\xFF", nil},
		{"text over the limit", "\x00" + x + "x\xFF", wire.ErrMessageTooBig},
		{"text without an end", "\x00" + x + "x", wire.ErrMessageTooBig},
		{"discarded at the limit", "\x01" + strings.Repeat("x", 2000) + "\xFF", nil},
		{"discarded without an end", "\x01" + strings.Repeat("x", 2001), wire.ErrFrameTooBig},
		{"length at the limit", "\x80\x8F\x50" + strings.Repeat("x", 2000), nil},
		{"length over the limit", "\x80\x8F\x51", wire.ErrFrameTooBig},
		{"length of 63 bits", "\x80" + strings.Repeat("\xFF", 8) + "\x7F", wire.ErrFrameTooBig},
		{"length without an end", "\x80" + strings.Repeat("\xFF", 100), wire.ErrFrameTooBig},
		{"length of zeroes without an end", "\x80" + strings.Repeat("\x80", 100), wire.ErrLengthNotMinimal},
		{"type FF with a length", "\xFF\x01x", wire.ErrHixieFrameType},
	} {
		for _, r := range recorded.Read(t, "hixie-7?/spec-handshake") {
			t.Run(fmt.Sprintf("%v %s", r.Version, c.name), func(t *testing.T) {
				j := wstest.StartServer(t, func(o *airsocket.Options) {
					o.Versions, o.Origins, o.MaxMessage, o.MaxFrame = wire.AllVersions(), []string{"*"}, 1000, 2000
				}, nil, func(p *wstest.RawPeer) {
					p.WriteRaw(append(bytes.Clone(r.Sides["c2s"].Wire[0]), c.send...))
					wstest.ReadHead(t, p.Reader)
					if c.rule == nil {
						p.WriteRaw([]byte("\x00next\xFF"))
						if r.Version == wire.Hixie76 {
							p.WriteRaw([]byte("\xFF\x00"))
						} else {
							p.Conn.(interface{ CloseWrite() error }).CloseWrite()
						}
					}
					p.SkipToEnd()
					p.Close()
				})
				j.WantError(c.rule)
				if taken := slices.Contains(j.Lines, "text next"); taken != (c.rule == nil) {
					t.Errorf("events %.100q", j.Lines)
				}
			})
		}
	}
}

// Options.Versions restricts what each kind of server speaks. A client of
// another version is told which versions are spoken.
func TestVersionsNarrowed(t *testing.T) {
	for v := range wstest.EachVersion {
		for _, spoken := range [][]wire.Version{{v}, slices.DeleteFunc(slices.Collect(wstest.EachVersion), func(o wire.Version) bool { return o == v })} {
			opts := wstest.AnyOrigin()
			opts.Versions = spoken
			var list []string
			for _, o := range []wire.Version{wire.Hybi13, wire.Hybi08, wire.Hybi07, wire.Hybi06} {
				if slices.Contains(spoken, o) {
					list = append(list, strings.TrimLeft(o.String(), "hybi-0"))
				}
			}
			for _, by := range []string{"Server", "StartServer", "Upgrade"} {
				t.Run(fmt.Sprintf("%v by %s that speaks %v", v, by, spoken), func(t *testing.T) {
					dial, url := serveNarrowed(t, by, opts)
					wantVersion(t, dial, url, v, slices.Contains(spoken, v), strings.Join(list, ", "))
				})
			}
		}
	}
}

// serveNarrowed serves one connection with opts, and returns a Dial and a URL
// to open it.
func serveNarrowed(t *testing.T, by string, opts *airsocket.Options) (dial func(context.Context, string, string) (net.Conn, error), url string) {
	switch by {
	case "Server":
		return nil, wstest.ServeEcho(t, opts)
	case "Upgrade":
		return nil, wstest.ServeHandler(t, wstest.Upgrading(t, opts, nil))
	}
	theirs, ours := wstest.TCPPair(t)
	if err := airsocket.NewSocket(opts).StartServer(ours); err != nil {
		t.Error(err)
	}
	return wstest.DialTo(theirs), "ws://example.com/"
}

func wantVersion(t *testing.T, dial func(context.Context, string, string) (net.Conn, error), url string, v wire.Version, ok bool, list string) {
	t.Helper()
	d := new(airsocket.Dispatcher)
	opts := wstest.ClientOf(v, d)
	opts.Dial = dial
	s := airsocket.NewSocket(opts)
	j := wstest.Follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Close(1000, "") })
	wstest.Run(t, d, func() {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	if ok {
		j.WantError(nil)
		return
	}
	j.Want(wstest.Refused...)
	j.WantError(handshake.ErrStatus)
	if got := j.Err.Header.Get("Sec-WebSocket-Version"); j.Err.Status != 426 || got != list {
		t.Errorf("status %d, versions %q, want %q", j.Err.Status, got, list)
	}
}
