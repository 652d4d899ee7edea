package airsocket_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// An internet has an echo server with the fields of openInternet, which SECURITY.md
// recommends, and everybody else, in a bubble.
type internet struct {
	t        *testing.T
	srv      *airsocket.Server
	l        *pipeListener
	peers    []*wstest.RawPeer
	sockets  []*airsocket.Socket
	received int // messages
	began    time.Time

	mu   sync.Mutex
	errs []error // of sockets and of handshakes
}

func (n *internet) note(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.errs = append(n.errs, err)
}

// failures returns the errors that there were until nothing more happens by itself.
func (n *internet) failures() []error {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.errs)
}

// onTheInternet calls attack, and checks afterwards that somebody else is served.
func onTheInternet(t *testing.T, attack func(n *internet)) {
	synctest.Test(t, func(t *testing.T) {
		n := &internet{t: t, srv: openInternet(), l: newPipeListener(), began: time.Now()}
		n.srv.Options.Dispatcher = new(airsocket.Dispatcher)
		n.srv.Options.Hooks = &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { n.note(err) }}
		n.srv.OnConnect(func(s *airsocket.Socket) {
			n.sockets = append(n.sockets, s)
			s.OnError(func(e *airsocket.ErrorEvent) { n.note(e.Err) })
			s.OnMessage(func(e *airsocket.MessageEvent) {
				n.received++
				s.SendMessage(e.Kind(), e.Bytes())
			})
		})
		go n.srv.Serve(n.l)
		attack(n)
		p := n.dial("198.51.100.7")
		p.Open()
		p.Send(wstest.OpText, "hello")
		p.Want(wstest.OpText, "hello")
		n.srv.Close()
		for _, p := range n.peers {
			p.Close()
		}
		synctest.Wait()
		if held := n.srv.Held(); held != 0 {
			t.Errorf("%d bytes are left in the sum", held)
		}
	})
}

// dial connects from an address.
func (n *internet) dial(from string) *wstest.RawPeer {
	here, there := net.Pipe()
	n.l.conns <- comingFrom{there, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 1))}
	p := wstest.NewRawPeer(n.t, here, true)
	n.peers = append(n.peers, p)
	return p
}

// flood opens a connection and sends b over and over, until it is closed. It returns the code
// in the close frame.
func (n *internet) flood(b []byte) string {
	n.t.Helper()
	p := n.dial("192.0.2.1")
	p.Open()
	go func() {
		for {
			if _, err := p.Write(b); err != nil {
				return
			}
		}
	}()
	for {
		first, payload, err := p.ReadFrame()
		if err != nil {
			return err.Error()
		}
		if first == wstest.OpClose {
			p.Close()
			synctest.Wait()
			return fmt.Sprint(int(payload[0])<<8 | int(payload[1]))
		}
	}
}

// want checks that there was one error, and how long it all took.
func (n *internet) want(rule error, most time.Duration) {
	n.t.Helper()
	errs := n.failures()
	if took := time.Since(n.began); took > most {
		n.t.Errorf("it took %v, want %v at most", took, most)
	}
	if len(errs) != 1 || !errors.Is(errs[0], rule) {
		n.t.Errorf("errors: %v, want %v", errs, rule)
	}
}

// TestAttacks checks that the fields that SECURITY.md recommends bound what each attacker can
// take, and that others are served meanwhile.
func TestAttacks(t *testing.T) {
	frame := func(first byte, payload string) []byte { return wstest.Frame(true, first, payload) }
	for name, attack := range map[string]func(t *testing.T, n *internet){
		"a request a byte a second": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			slowly(p, []byte(wstest.UpgradeRequest))
			n.want(airsocket.ErrHandshakeTimeout, 31*time.Second)
		},
		"a message a byte a second": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			p.Open()
			var wg sync.WaitGroup
			wg.Go(func() { slowly(p, frame(wstest.OpText, wstest.TextOf(100))) })
			p.WantClose(1008)
			p.Close()
			wg.Wait()
			n.want(airsocket.ErrMessageTimeout, 62*time.Second)
		},
		"silence": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			p.Open()
			p.WantClose(1001)
			p.Close()
			n.want(airsocket.ErrIdleTimeout, 5*time.Minute)
		},
		"a peer that does not read": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			p.Open()
			synctest.Wait()
			for err := error(nil); err == nil; {
				err = n.sockets[0].SendBytes(make([]byte, 10_000))
			}
			if held := n.srv.Held(); held > 1<<20+64<<10 { // with the rest of a buffer
				t.Errorf("%d bytes wait", held)
			}
			for len(n.failures()) == 0 {
				time.Sleep(time.Second) // until WriteTimeout has passed, which want checks to the second
			}
			n.want(airsocket.ErrWriteTimeout, 31*time.Second)
		},
		"messages":      func(t *testing.T, n *internet) { n.floods(frame(wstest.OpText, "m"), 20) },
		"long messages": func(t *testing.T, n *internet) { n.floods(frame(wstest.OpText, strings.Repeat("m", 60_000)), 2) },
		"pings":         func(t *testing.T, n *internet) { n.floods(frame(wstest.OpPing, "p"), 0) },
		"pongs":         func(t *testing.T, n *internet) { n.floods(frame(wstest.OpPong, ""), 0) },
		"empty fragments": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			p.Open()
			p.WriteRaw(frame(textPart, ""))
			sent, empty := 0, slices.Repeat(frame(0, ""), 100)
			go func() {
				for {
					k, err := p.Write(empty)
					if sent += k; err != nil {
						return
					}
				}
			}()
			p.WantClose(1008)
			p.Close()
			n.want(airsocket.ErrRateLimit, 0)
			if sent > 256<<10 {
				t.Errorf("%d bytes were taken", sent)
			}
		},
		"a long message": func(t *testing.T, n *internet) {
			p := n.dial("192.0.2.1")
			p.Open()
			p.WriteRaw(frame(wstest.OpBinary, strings.Repeat("x", 64<<10+1))[:20])
			p.WantClose(1009)
			p.Close()
			n.want(wire.ErrMessageTooBig, 0)
		},
		"a page of another site": func(t *testing.T, n *internet) {
			for origin, want := range map[string]int{"https://example.com": 101, "http://example.com:81": 403, "https://elsewhere.example": 403, "null": 403} {
				p := n.dial("192.0.2.1")
				p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Host: chat.example.com", "Origin: "+origin)))
				if got := p.ReadResponse().StatusCode; got != want {
					t.Errorf("origin %s: status %d", origin, got)
				}
			}
		},
		"many connections of one address": func(t *testing.T, n *internet) {
			open, told := 0, 0
			for i := range 200 {
				if i == 100 {
					time.Sleep(10 * time.Second) // time for 20 more handshakes
				}
				p := n.dial(fmt.Sprintf("2001:db8::%x", i)) // of one /64
				if _, err := p.Write([]byte(wstest.UpgradeRequest)); err != nil {
					continue // closed at once
				}
				switch status := p.ReadResponse().StatusCode; status {
				case http.StatusSwitchingProtocols:
					open++
				case http.StatusTooManyRequests:
					told++
					p.Close()
				default:
					t.Errorf("status %d", status)
				}
			}
			errs := n.failures()
			if open != 20 || told == 0 || told > 2 || len(errs) != 180 {
				t.Errorf("%d open, %d told, %d errors", open, told, len(errs))
			}
			for _, err := range errs {
				if !errors.Is(err, airsocket.ErrConnsPerIP) && !errors.Is(err, airsocket.ErrHandshakesPerIP) {
					t.Error(err)
				}
			}
		},
		"connections one after the other": func(t *testing.T, n *internet) {
			open := 0
			for range 200 {
				p := n.dial("192.0.2.1")
				if _, err := p.Write([]byte(wstest.UpgradeRequest)); err == nil && p.ReadResponse().StatusCode == http.StatusSwitchingProtocols {
					open++
				}
				p.Close()
				synctest.Wait()
				time.Sleep(100 * time.Millisecond) // a new connection every 100 ms, five times what the limit allows
			}
			if open < 50 || open > 60 { // 20 at once, and 2 a second for 20 s
				t.Errorf("%d were opened", open)
			}
		},
		"many that do not read": func(t *testing.T, n *internet) {
			for i := range 100 {
				n.dial(fmt.Sprintf("192.0.2.%d", i)).Open()
				synctest.Wait()
				n.sockets[i].SendBytes(make([]byte, 1<<20))
				synctest.Wait()
				if held := n.srv.Held(); held > 64<<20 {
					t.Fatalf("%d bytes wait", held)
				}
			}
			errs := n.failures()
			if len(errs) < 36 {
				t.Errorf("%d errors", len(errs))
			}
			for _, err := range errs {
				if !errors.Is(err, airsocket.ErrServerBuffered) {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) { onTheInternet(t, func(n *internet) { attack(t, n) }) })
	}
}

// floods checks a flood that RateLimit ends.
func (n *internet) floods(b []byte, most int) {
	n.t.Helper()
	if code := n.flood(b); code != "1008" {
		n.t.Errorf("closed with %s", code)
	}
	n.want(airsocket.ErrRateLimit, 0)
	if n.received > most {
		n.t.Errorf("%d messages were received, want %d at most", n.received, most)
	}
}
