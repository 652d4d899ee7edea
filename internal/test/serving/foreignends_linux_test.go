package serving

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestForeignTLSReset checks that the error says that the peer has reset the connection,
// whatever the Socket was doing, as it does without TLS.
func TestForeignTLSReset(t *testing.T) {
	for name, before := range map[string]func(p *wstest.RawPeer, below *slowConn, s *airsocket.Socket){
		"idle": func(p *wstest.RawPeer, _ *slowConn, _ *airsocket.Socket) { exchange(p, "x") },
		"within a record": func(p *wstest.RawPeer, below *slowConn, _ *airsocket.Socket) {
			below.short = true
			p.Send(wstest.OpText, "half")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newWebHost(t, &airsocket.Options{})
			p, below, s := h.connect()
			before(p, below, s)
			below.Conn.(*net.TCPConn).SetLinger(0)
			below.Conn.Close()
			if err := wstest.Receive(t, h.closed); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestForeignTLSPausedWithin checks that all messages come that a paused Socket has
// received, in one write and while it was paused.
func TestForeignTLSPausedWithin(t *testing.T) {
	opts := new(airsocket.Options)
	h := newWebHost(t, opts)
	p, below, s := h.connect()
	other, _, _ := h.connect()
	paused, added := make(chan bool, 1), make(chan bool)
	opts.Dispatcher.Post(func() {
		airsocket.AddEventListener(s, airsocket.EventMessage, func(e *airsocket.MessageEvent) {
			if e.Text() == "pause" {
				s.Pause()
				paused <- true
			}
		})
		close(added)
	})
	wstest.Receive(t, added)
	for round := range 20 {
		together := &tlsBatch{Conn: below.Conn}
		below.Conn = together
		var want []string
		p.Send(wstest.OpText, "pause")
		for i := range 5 + round {
			text := fmt.Sprint(round, i, strings.Repeat("y", round*round))
			p.Send(wstest.OpText, text)
			want = append(want, text)
		}
		below.Conn = together.Conn
		if _, err := below.Conn.Write(together.b); err != nil {
			t.Fatal(err)
		}
		wstest.Receive(t, paused)
		for i := range 5 {
			text := fmt.Sprint("more", i)
			p.Send(wstest.OpText, text)
			want = append(want, text)
		}
		for range 3 { // meanwhile workers see what has come
			exchange(other, "x")
		}
		s.Resume()
		p.Want(wstest.OpText, "pause")
		for _, text := range want {
			p.Want(wstest.OpText, text)
		}
	}
}

// A tlsBatch keeps what is written.
type tlsBatch struct {
	net.Conn
	b []byte
}

func (c *tlsBatch) Write(p []byte) (int, error) { c.b = append(c.b, p...); return len(p), nil }

// TestForeignTLSDescriptors checks that no descriptor is left of connections whose tls.Conn
// somebody else has made, wherever they end, and that each Socket can be started again by
// the handler of its close event.
func TestForeignTLSDescriptors(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	config := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	client := root.ClientConfig()
	client.ServerName = "localhost"
	stages := map[string]func(p *wstest.RawPeer, conn net.Conn){
		"nothing":       func(*wstest.RawPeer, net.Conn) {},
		"half a record": func(_ *wstest.RawPeer, conn net.Conn) { conn.Write([]byte{22, 3, 1, 2, 0, 1}) },
		"half a request": func(p *wstest.RawPeer, _ net.Conn) {
			p.Write([]byte("GET / HTTP/1.1\r\n"))
		},
		"open": func(p *wstest.RawPeer, _ net.Conn) { p.Open(); exchange(p, "x") },
		"half a record of a message": func(p *wstest.RawPeer, conn net.Conn) {
			p.Open()
			conn.Write([]byte{23, 3, 3, 1, 0, 1})
		},
		"paused": func(p *wstest.RawPeer, _ net.Conn) {
			p.Open()
			p.Send(wstest.OpText, "pause")
			p.Send(wstest.OpText, "more")
		},
		"Goexit": func(p *wstest.RawPeer, _ net.Conn) {
			p.Open()
			p.Send(wstest.OpText, "goexit")
		},
		"full": func(p *wstest.RawPeer, _ net.Conn) {
			p.Open()
			p.Send(wstest.OpText, "flood")
		},
	}
	ends := map[string]func(s *airsocket.Socket, tcp *net.TCPConn, last bool){
		"Drop": func(s *airsocket.Socket, _ *net.TCPConn, _ bool) { s.Drop(1000, "") },
		"Drop twice": func(s *airsocket.Socket, _ *net.TCPConn, last bool) {
			if last { // otherwise the next connection could be dropped too
				go s.Drop(1000, "")
			}
			s.Drop(1000, "")
		},
		"FIN": func(_ *airsocket.Socket, tcp *net.TCPConn, _ bool) { tcp.Close() },
		"RST": func(_ *airsocket.Socket, tcp *net.TCPConn, _ bool) { tcp.SetLinger(0); tcp.Close() },
	}
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	newWebHost(t, &airsocket.Options{}).connect() // the process has its own files now
	for stage, reach := range stages {
		for how, end := range ends {
			if stage == "paused" && (how == "FIN" || how == "RST") {
				continue // which is noticed when the Socket is resumed
			}
			if stage == "Goexit" && how != "FIN" {
				continue // the connection ends by itself
			}
			t.Run(stage+"/"+how, func(t *testing.T) {
				before, goroutines := files(), runtime.NumGoroutine()
				t.Cleanup(func() {
					wstest.Eventually(t, func() bool { return files() <= before && runtime.NumGoroutine() <= goroutines+5 }, func() string {
						return fmt.Sprintf("%d files and %d goroutines, there were %d and %d", files(), runtime.NumGoroutine(), before, goroutines)
					})
				})
				const rounds = 3
				closed := make(chan int, 1)
				starts := 0
				peers := make(chan *net.TCPConn, 1)
				s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), CloseTimeout: 50 * time.Millisecond})
				start := func() {
					starts++
					ours, theirs := wstest.TCPPair(t)
					theirs.SetDeadline(time.Now().Add(wstest.Patience))
					if err := s.StartServer(tls.Server(ours, config)); err != nil {
						t.Error(err)
					}
					peers <- theirs
				}
				s.OnMessage(func(e *airsocket.MessageEvent) {
					switch e.Text() {
					case "pause":
						s.Pause()
					case "goexit":
						runtime.Goexit()
					case "flood":
						s.SendBytes(make([]byte, 16<<20))
					default:
						s.Send(e.Text())
					}
				})
				s.OnClose(func(*airsocket.CloseEvent) {
					if starts < rounds {
						start()
					}
					closed <- starts
				})
				start()
				for i := range rounds {
					tcp := wstest.Receive(t, peers)
					peer := wstest.NewRawPeer(t, tls.Client(tcp, client), true)
					reach(peer, tcp)
					end(s, tcp, i == rounds-1)
					wstest.Receive(t, closed)
				}
			})
		}
	}
}
