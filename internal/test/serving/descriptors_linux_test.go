package serving

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestReuse checks that no message goes astray while the numbers of descriptors are used
// again and again: some connections echo all the time, and others open, echo and close in
// different ways, from both sides.
func TestReuse(t *testing.T) {
	const steady, fleeting, rounds = 8, 8, 60
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				switch e.Text() {
				case "close":
					s.Close(1000, "")
				case "drop":
					s.Drop(1000, "")
				case "close the connection":
					s.Conn().Close()
				case "close elsewhere":
					go s.Conn().Close()
				default:
					s.Send(e.Text())
				}
			})
		})
		url := wstest.ServeWay(t, srv, way)
		commands := []string{"close", "drop", "close elsewhere"}
		if haveWorkers {
			// The Close of a connection of package net would wait for the handler.
			commands = append(commands, "close the connection")
		}
		var wg, others sync.WaitGroup
		stop := make(chan struct{})
		for i := range steady {
			p := wstest.ConnectRaw(t, url)
			others.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					if !sameBack(t, p, fmt.Sprintf("steady %d %d", i, n)) {
						return
					}
				}
			})
		}
		for i := range fleeting {
			wg.Go(func() {
				for n := range rounds {
					p, err := connect(t, url)
					if err != nil {
						t.Error(err)
						return
					}
					sameBack(t, p, fmt.Sprintf("fleeting %d %d", i, n))
					switch how := n % (2 + len(commands)); how {
					case 0:
						p.Close()
					case 1:
						p.Reset()
					default:
						p.Write(p.Frame(wstest.OpText, commands[how-2]))
						p.Write(p.Frame(wstest.OpText, "astray"))
						for { // up to the end, an echo may come, but nothing of others
							first, payload, err := p.ReadFrame()
							if err != nil || first == wstest.OpClose {
								break
							}
							if payload != "astray" {
								t.Errorf("got %q", payload)
							}
						}
						p.Close()
					}
				}
			})
		}
		wg.Wait()
		close(stop)
		others.Wait()
	})
}

// connect opens a connection.
func connect(t *testing.T, url string) (*wstest.RawPeer, error) {
	conn, err := wstest.Dial(url)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(wstest.Patience))
	p := wstest.NewRawPeer(t, conn, true)
	conn.Write([]byte(wstest.UpgradeRequest))
	head := ""
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := p.Reader.ReadString('\n')
		if err != nil {
			conn.Close()
			return nil, err
		}
		head += line
	}
	return p, nil
}

// sameBack sends a message, which has to come back.
func sameBack(t *testing.T, p *wstest.RawPeer, text string) bool {
	p.Write(p.Frame(wstest.OpText, text))
	if _, got, err := p.ReadFrame(); got != text || err != nil {
		t.Errorf("%q came back as %q, %v", text, got, err)
		return false
	}
	return true
}

// TestConn checks what the connection of a Socket offers, while it is open and after
// its end.
func TestConn(t *testing.T) {
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen, wstest.ByTLS} {
		t.Run(way, func(t *testing.T) {
			h := newHost(t, way, nil)
			g := h.arrive()
			g.open()
			conn := g.at.Socket.Conn()
			local, remote := g.RemoteAddr().String(), g.LocalAddr().String()
			addrs := func(when string) {
				t.Helper()
				if got := conn.LocalAddr().String(); got != local {
					t.Errorf("%s: LocalAddr is %s, want %s", when, got, local)
				}
				if got := conn.RemoteAddr().String(); got != remote {
					t.Errorf("%s: RemoteAddr is %s, want %s", when, got, remote)
				}
			}
			addrs("open")
			raw, err := wstest.Below(conn).(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			option := func(level, name int) (value int) {
				if err := raw.Control(func(fd uintptr) {
					var err error
					if value, err = syscall.GetsockoptInt(int(fd), level, name); err != nil {
						t.Error(err)
					}
				}); err != nil {
					t.Error(err)
				}
				return value
			}
			if on := option(syscall.IPPROTO_TCP, syscall.TCP_NODELAY); on == 0 {
				t.Error("small writes are delayed")
			}
			tcp := wstest.Below(conn).(interface {
				SetNoDelay(bool) error
				SetKeepAlive(bool) error
				SetLinger(int) error
				SetReadBuffer(int) error
				SetWriteBuffer(int) error
			})
			set := func() []error {
				return []error{tcp.SetNoDelay(false), tcp.SetKeepAlive(false), tcp.SetLinger(5), tcp.SetReadBuffer(8 << 10), tcp.SetWriteBuffer(8 << 10)}
			}
			for i, err := range set() {
				if err != nil {
					t.Error(i, err)
				}
			}
			for name, o := range map[string][3]int{
				"TCP_NODELAY":  {syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 0},
				"SO_KEEPALIVE": {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0},
				"SO_RCVBUF":    {syscall.SOL_SOCKET, syscall.SO_RCVBUF, 16 << 10}, // the system doubles it
				"SO_SNDBUF":    {syscall.SOL_SOCKET, syscall.SO_SNDBUF, 16 << 10},
			} {
				if got := option(o[0], o[1]); got != o[2] {
					t.Errorf("%s is %d, want %d", name, got, o[2])
				}
			}
			g.host.inTurn(func() {
				airsocket.AddEventListener(g.at.Socket, airsocket.EventClose, func(*airsocket.CloseEvent) { addrs("in the close event") })
			})
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			g.WantEnd()
			wstest.Receive(t, g.at.closed)
			addrs("closed")
			// Another connection now has the descriptor.
			next := h.arrive()
			next.open()
			for i, err := range set() {
				if err == nil {
					t.Errorf("option %d of a closed connection can be set", i)
				}
			}
			if err := raw.Control(func(uintptr) { t.Error("Control calls the function") }); err == nil {
				t.Error("Control of a closed connection returns no error")
			}
			if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the second Close: %v", err)
			}
			if n, err := conn.Write([]byte("stray")); n != 0 || err == nil {
				t.Errorf("Write: %d, %v", n, err)
			}
			next.echo("x")
		})
	}
}

// TestEarlyConnection checks that a connection that comes before Serve has the same
// options as others.
func TestEarlyConnection(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		l := wstest.ListenBy(t, way)
		srv := &airsocket.Server{}
		p := wstest.DialRaw(t, wstest.Prepare(t, srv, l, way))
		conns := make(chan net.Conn, 1)
		srv.OnConnect(func(s *airsocket.Socket) { conns <- s.Conn() })
		wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
		p.Open()
		raw, err := wstest.Below(wstest.Receive(t, conns)).(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		for name, o := range map[string][2]int{
			"TCP_NODELAY":  {syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
			"SO_KEEPALIVE": {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
		} {
			raw.Control(func(fd uintptr) {
				if on, err := syscall.GetsockoptInt(int(fd), o[0], o[1]); on == 0 || err != nil {
					t.Errorf("%s is %d, %v", name, on, err)
				}
			})
		}
		p.Close()
	})
}
