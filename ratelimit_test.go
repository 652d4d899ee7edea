package airsocket_test

import (
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
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// arrivals returns when what a peer writes at once is delivered to a server with the given
// limit, and how the connection ended.
func arrivals(t *testing.T, opts *airsocket.Options, attach func(*airsocket.Socket, func()), sent []byte) (at []time.Duration, ending string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		opts := wstest.OwnDispatcher(opts.Clone())
		s := airsocket.NewSocket(opts)
		start := time.Now()
		note := func() { at = append(at, time.Since(start)) }
		attach(s, note)
		s.OnError(func(e *airsocket.ErrorEvent) { ending += fmt.Sprint(errors.Is(e.Err, airsocket.ErrRateLimit), " ") })
		s.OnClose(func(e *airsocket.CloseEvent) { ending += fmt.Sprint(e.Code) })
		s.StartServer(there)
		p := wstest.NewRawPeer(t, here, true)
		p.Open()
		go io.Copy(io.Discard, here)
		p.Write(sent)
		time.Sleep(time.Hour) // longer than the limit delays anything
		p.Close()
		synctest.Wait()
	})
	return at, ending
}

func onMessage(s *airsocket.Socket, note func()) {
	s.OnMessage(func(*airsocket.MessageEvent) { note() })
}

func onPing(s *airsocket.Socket, note func()) { s.OnPing(func(*airsocket.PingEvent) { note() }) }

// TestRateLimit checks when messages are delivered that come faster than they may.
func TestRateLimit(t *testing.T) {
	frames := func(n int, op byte, payload string) []byte {
		return slices.Repeat(wstest.Frame(true, op, payload), n)
	}
	const unlimited = 1 << 20
	for name, c := range map[string]struct {
		opts      *airsocket.Options
		attach    func(*airsocket.Socket, func())
		sent      []byte
		n, atOnce int
		each      time.Duration // between the others
	}{
		"messages":       {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10, Burst: 5}}, onMessage, frames(25, wstest.OpText, "m"), 25, 6, 100 * time.Millisecond},
		"default burst":  {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10}}, onMessage, frames(25, wstest.OpText, "m"), 25, 11, 100 * time.Millisecond},
		"with hooks":     {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10, Burst: 5}, Hooks: &airsocket.Hooks{}}, onMessage, frames(25, wstest.OpText, "m"), 25, 6, 100 * time.Millisecond},
		"compressed":     {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10, Burst: 5}, Compression: airsocket.CompressionTakeover}, onMessage, frames(25, wstest.OpText, "m"), 25, 6, 100 * time.Millisecond},
		"pings":          {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10, Burst: 5}}, onPing, frames(25, wstest.OpPing, "p"), 25, 6, 100 * time.Millisecond},
		"many reads":     {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 10, Burst: 5}}, onMessage, frames(9, wstest.OpText, strings.Repeat("m", 60_000)), 9, 6, 100 * time.Millisecond},
		"bytes":          {&airsocket.Options{RateLimit: &airsocket.RateLimit{Bytes: 10_006, BurstBytes: 10_006}}, onMessage, frames(5, wstest.OpText, strings.Repeat("m", 9_998)), 5, 2, time.Second},
		"within limits":  {&airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 25, Bytes: unlimited}}, onMessage, frames(25, wstest.OpText, "m"), 25, 25, 0},
		"without limits": {&airsocket.Options{RateLimit: &airsocket.RateLimit{}}, onMessage, frames(25, wstest.OpText, "m"), 25, 25, 0},
	} {
		at, ending := arrivals(t, c.opts, c.attach, c.sent)
		atOnce := 0
		for atOnce < len(at) && at[atOnce] == 0 {
			atOnce++
		}
		if len(at) != c.n || name != "bytes" && atOnce != c.atOnce || ending != "true 1006" && !strings.HasSuffix(ending, "1006") {
			t.Errorf("%s: %d delivered, %d at once, want %d, %d; %s", name, len(at), atOnce, c.n, c.atOnce, ending)
			continue
		}
		if name == "bytes" {
			if took := at[len(at)-1]; took < 2900*time.Millisecond || took > 4*time.Second {
				t.Errorf("%s: %v", name, at)
			}
			continue
		}
		for i := c.atOnce; i < len(at); i++ {
			if at[i] != time.Duration(i-c.atOnce+1)*c.each {
				t.Errorf("%s: message %d at %v", name, i, at[i])
			}
		}
	}
}

// TestRateLimitCloses checks that a peer above a limit gets 1008, and that the message above it
// is not delivered.
func TestRateLimitCloses(t *testing.T) {
	for name, c := range map[string]struct {
		limit airsocket.RateLimit
		sent  []byte
		n     int
	}{
		"messages": {airsocket.RateLimit{Messages: 10, Burst: 5, Close: true}, slices.Repeat(wstest.Frame(true, wstest.OpText, "m"), 25), 5},
		"bytes":    {airsocket.RateLimit{Bytes: 10, BurstBytes: 100, Close: true}, wstest.Frame(true, wstest.OpText, strings.Repeat("m", 101)), 0},
		"neither":  {airsocket.RateLimit{Messages: 10, Bytes: 1000, Close: true}, slices.Repeat(wstest.Frame(true, wstest.OpText, "m"), 10), 10},
	} {
		at, ending := arrivals(t, &airsocket.Options{RateLimit: &c.limit}, onMessage, c.sent)
		want := "true 1008"
		if name == "neither" {
			want = "false 1006"
		}
		if len(at) != c.n || ending != want {
			t.Errorf("%s: %d delivered, %s; want %d, %s", name, len(at), ending, c.n, want)
		}
	}
}

// TestRateLimitGoesOn checks, in every way of serving, that a peer that was held up is heard
// again, as a whole and in order, whatever Pause and Resume do meanwhile.
func TestRateLimitGoesOn(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{Options: &airsocket.Options{RateLimit: &airsocket.RateLimit{Messages: 500, Burst: 1, Bytes: 1 << 20}}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				s.Pause()
				s.Send(e.Text())
				s.Resume()
			})
		})
		p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
		for i := range 30 {
			p.Send(wstest.OpText, fmt.Sprint(i, strings.Repeat("x", 700*i)))
		}
		for i := range 30 {
			p.Want(wstest.OpText, fmt.Sprint(i, strings.Repeat("x", 700*i)))
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
	})
}

// TestRateLimitAndPongs checks that a peer that is held up is not taken for one that has gone.
func TestRateLimitAndPongs(t *testing.T) {
	at, ending := arrivals(t, &airsocket.Options{
		RateLimit:    &airsocket.RateLimit{Messages: 0.01, Burst: 1},
		PingInterval: time.Second, PongTimeout: time.Second,
	}, onMessage, slices.Repeat(wstest.Frame(true, wstest.OpText, "m"), 4))
	want := []time.Duration{0, 0, 100 * time.Second, 200 * time.Second}
	if !slices.Equal(at, want) {
		t.Errorf("delivered at %v, %s", at, ending)
	}
}
