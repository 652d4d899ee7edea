package serving

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestStopsWithinARecord checks that a thousand peers that stop within a record of TLS hold
// up nobody and cost no goroutine, and a bounded amount of memory.
func TestStopsWithinARecord(t *testing.T) {
	const conns = 1000
	for name, part := range map[string][]byte{
		"header":              {23, 3, 3},
		"no data":             {23, 3, 3, 0x40, 0x11},
		"half of the data":    append([]byte{23, 3, 3, 0x40, 0x11}, make([]byte, 0x2000)...),
		"one byte is missing": append([]byte{23, 3, 3, 0x40, 0x11}, make([]byte, 0x4010)...),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, wstest.ByTLS, noTimeouts)
			other := h.arrive()
			other.open()
			goroutines := runtime.NumGoroutine()
			var guests []*guest
			for range conns {
				g := h.arrive()
				g.open()
				guests = append(guests, g)
			}
			before := heap()
			for _, g := range guests {
				if _, err := g.TCP().Write(part); err != nil {
					t.Fatal(err)
				}
				other.echo("x")
			}
			late := h.arrive()
			late.open()
			late.echo("x")
			if haveWorkers {
				more := 0
				wstest.Eventually(t, func() bool {
					more = runtime.NumGoroutine() - goroutines
					return more <= conns/10
				}, func() string { return fmt.Sprintf("%d connections have %d goroutines", conns, more) })
			}
			// The longest record has about 16 KiB, for which crypto/tls may take twice as much.
			if each := (heap() - before) / conns; each > 48<<10 {
				t.Errorf("%d bytes for each connection", each)
			}
			for _, g := range guests {
				g.finish()
				wstest.Receive(t, g.at.closed)
			}
			other.echo("x")
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestFullBothWays checks that nothing is lost or swapped when both directions of a
// connection are full, as its peer reads more slowly than it writes.
func TestFullBothWays(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		url := wstest.ServeWay(t, wstest.Echoing(&airsocket.Server{}), way)
		p := wstest.ConnectRaw(t, url)
		p.SetDeadline(time.Now().Add(3 * wstest.Patience))
		sizes := []int{1 << 20, 1, 40 << 10, 0, 125, 64 << 10, 3 << 20, 31 << 10, 33 << 10, 2}
		total := 0
		for _, size := range sizes {
			total += 2 * size
		}
		message := func(i, size int) string {
			b := make([]byte, size)
			for at := 0; at+4 <= size; at += 4 {
				binary.BigEndian.PutUint32(b[at:], uint32(i<<24|at))
			}
			return string(b)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 2 * len(sizes) {
				if _, err := p.Write(p.Frame(wstest.OpBinary, message(i, sizes[i%len(sizes)]))); err != nil {
					t.Error(err)
				}
				p.Write(p.Frame(wstest.OpPing, fmt.Sprint(i)))
			}
		})
		pongs := 0
		for i := 0; i < 2*len(sizes); {
			first, payload, err := p.ReadFrame()
			switch {
			case err != nil:
				t.Fatalf("after %d messages: %v", i, err)
			case first == wstest.OpPong: // of those that come together, only the last is answered
				pongs++
			case payload != message(i, sizes[i%len(sizes)]):
				t.Fatalf("message %d has changed", i)
			default:
				i++
			}
		}
		wg.Wait()
		if pongs == 0 {
			t.Error("no ping was answered")
		}
	})
}

// TestUseOfConnOverTLS checks that the program may call the methods of the tls.Conn at any
// time, and never reads what is meant for another connection.
func TestUseOfConnOverTLS(t *testing.T) {
	const rounds, clients = 100, 4
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	var users sync.WaitGroup
	srv.OnConnect(func(s *airsocket.Socket) {
		conn, mine := s.Conn().(*tls.Conn), s.Request().Target
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
		if !strings.HasPrefix(mine, "/used") {
			return
		}
		users.Go(func() {
			// Read takes what is meant for the Socket, so only its end is certain.
			for buf := make([]byte, 1024); ; {
				n, err := conn.Read(buf)
				if text := string(buf[:n]); strings.Contains(text, "/") && !strings.Contains(text, mine) {
					t.Errorf("%s has got %q", mine, text)
				}
				conn.ConnectionState()
				wstest.Below(conn).(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(8 << 10)
				if temporary, ok := errors.AsType[net.Error](err); err != nil && !(ok && temporary.Timeout() && s.ReadyState() != airsocket.StateClosed) {
					return
				}
				runtime.Gosched()
			}
		})
		users.Go(func() {
			conn.LocalAddr()
			conn.CloseWrite()
			conn.Close()
		})
	})
	url := wstest.ServeWay(t, srv, wstest.ByTLS)
	other := wstest.ConnectRaw(t, url)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := range rounds {
				p, err := wstest.Dial(url)
				if err != nil {
					t.Error(err)
					return
				}
				p.SetDeadline(time.Now().Add(wstest.Patience))
				path := fmt.Sprintf("/used-%d-%d-", i, n)
				p.Write([]byte(wstest.RequestWith("GET " + path + " HTTP/1.1")))
				// Not masked, so that it can be recognized.
				for range 3 {
					p.Write([]byte(path))
				}
				io.Copy(io.Discard, p)
				p.Close()
			}
		})
	}
	for n := range rounds {
		sameBack(t, other, fmt.Sprint(n))
	}
	wg.Wait()
	users.Wait()
	echo(other)
}

// TestReconnectOverTLS checks that a client's Socket can have several connections over TLS
// one after the other, and has no goroutine while it waits on one.
func TestReconnectOverTLS(t *testing.T) {
	const sockets, times = 50, 5
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Text() == "drop" {
				s.Drop(1001, "")
				return
			}
			s.Send(e.Text())
		})
	})
	url := wstest.ServeWay(t, srv, wstest.ByTLS)
	before := runtime.NumGoroutine()
	opts := &airsocket.Options{
		Parallel:   true,
		Dispatcher: new(airsocket.Dispatcher),
		TLS:        &tls.Config{InsecureSkipVerify: true},
		Reconnect:  &airsocket.Reconnect{Min: time.Millisecond, Max: time.Millisecond},
	}
	done, closed := make(chan struct{}, sockets), make(chan struct{}, sockets*(times+1))
	var all []*airsocket.Socket
	for range sockets {
		s := airsocket.NewSocket(opts)
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send(strings.Repeat("x", 100<<10)) })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if s.Reconnects() == times {
				done <- struct{}{}
				return
			}
			s.Send("drop")
		})
		s.OnClose(func(*airsocket.CloseEvent) { closed <- struct{}{} })
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	for range sockets {
		wstest.Receive(t, done)
	}
	if haveWorkers {
		more := 0
		wstest.Eventually(t, func() bool {
			more = runtime.NumGoroutine() - before
			return more <= sockets/2
		}, func() string { return fmt.Sprintf("%d sockets have %d goroutines", sockets, more) })
	}
	for _, s := range all {
		s.Close(1000, "")
	}
	for range sockets * (times + 1) {
		wstest.Receive(t, closed)
	}
}
