package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/proxyproto"
)

// Queued returns how many connections wait for the turn of d without a goroutine.
func (d *Dispatcher) Queued() int { return int(d.queued.Load()) }

// HasClock reports whether a time has been set for s.
func (s *Socket) HasClock() bool { return s.clock.Load() != nil }

// Held returns how many bytes count for MaxBuffered.
func (srv *Server) Held() int64 { return srv.sum.bytes.Load() }

// Looks returns how often srv has looked for the largest sockets.
func (srv *Server) Looks() int { return int(srv.sum.looks.Load()) }

// Ticks reports whether a time of s is left for which the process waits.
func (s *Socket) Ticks() bool {
	processAlarms.mu.Lock()
	defer processAlarms.mu.Unlock()
	c, p := s.clock.Load(), s.limits().pace.Load()
	return c != nil && c.place > 0 || p != nil && p.clock.place > 0
}

// DefaultSizes and DefaultTimes return the limits of sockets without Options, 0 where there is
// none.
func DefaultSizes() map[string]int {
	st := new(Options).settings()
	return map[string]int{
		"MaxMessage": st.maxMessage, "MaxFrame": st.maxFrame, "MaxBuffered": st.maxBuffered,
		"MaxHead": handshake.DefaultMaxHead, "MaxHeadLines": handshake.DefaultMaxLines, "MaxRedirects": st.MaxRedirects,
	}
}

func DefaultTimes() map[string]time.Duration {
	st := new(Options).settings()
	return map[string]time.Duration{
		"HandshakeTimeout": st.handshakeTimeout, "CloseTimeout": st.closeTimeout, "PingInterval": st.pingInterval,
		"PongTimeout": st.pongTimeout, "WriteTimeout": st.writeTimeout, "IdleTimeout": st.idleTimeout, "MessageTimeout": st.messageTimeout,
	}
}

// Limits that no option changes.
const (
	MaxRefusing    = maxRefusing
	MaxAddresses   = maxAddresses
	MaxPingWaits   = maxPingWaits
	MaxProxyHeader = proxyproto.MaxLength
)

// GiveUpShare closes s as if the sum of its Server were exceeded and it had the most.
func (s *Socket) GiveUpShare() { s.giveUpShare() }

// Counted returns how many connections srv counts for addresses, and for how many addresses.
func (srv *Server) Counted() (conns, addresses int) {
	t := &srv.addresses
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.byKey {
		conns += int(a.conns)
	}
	return conns, len(t.byKey)
}

// HoldDecoding takes all n decoding slots of d, or of all Parallel sockets if d is nil, until
// release is called.
func HoldDecoding(d *Dispatcher) (n int, release func()) {
	all := parallelDecoding
	if d != nil {
		slot := d.takeSlot() // which makes them
		slot.release()
		all = d.extra.decoding
	}
	for i := range all.slots {
		all.slots[i].Lock()
	}
	return len(all.slots), func() {
		for i := range all.slots {
			all.slots[i].Unlock()
		}
	}
}

// IsHeld reports whether s does not read.
func (s *Socket) IsHeld() bool { return s.reader.isHeld() }
