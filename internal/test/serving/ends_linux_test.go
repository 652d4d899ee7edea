package serving

import (
	"errors"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// An ending is how a peer ends its connection, or its direction of it.
type ending struct {
	name  string
	do    func(g *guest)
	pong  bool // a pong comes before it
	reset bool // both directions have ended, and the host knows
}

var endings = []ending{
	{name: "FIN", do: (*guest).finish},
	{name: "close", do: func(g *guest) { g.Close() }},
	{name: "RST", do: func(g *guest) { g.Reset() }, reset: true},
	{name: "FIN with data", do: func(g *guest) { g.cork(); g.Send(wstest.OpPong, ""); g.finish() }, pong: true},
	{name: "FIN with urgent data", do: func(g *guest) { g.urgent(); g.finish() }},
	{name: "RST after urgent data", do: func(g *guest) { g.urgent(); g.Reset() }, reset: true},
}

// TestEnds checks that the end of what the peer sends, and that of the connection, is
// noticed without a timeout, whatever the connection waits for.
func TestEnds(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, st := range states {
			if st.name == "refused" || st.halfClosed {
				continue // it ends in any case
			}
			for _, end := range endings {
				t.Run(st.name+"/"+end.name, func(t *testing.T) { testEnd(t, way, st, end) })
			}
		}
	})
}

func testEnd(t *testing.T, way string, st state, end ending) {
	h := newHost(t, way, noTimeouts)
	g := h.arrive()
	st.reach(g)
	end.do(g)
	if st.read != nil {
		st.read(g)
	}
	var want []string
	switch {
	case g.asks != nil:
		g.at = wstest.Receive(t, h.conns)
		if !end.reset { // else the response cannot be sent
			want = append(want, "open")
		}
	case g.at == nil:
		err := wstest.Receive(t, h.lost)
		if is := errors.Is(err, syscall.ECONNRESET); is != end.reset {
			t.Errorf("the handshake has failed with: %v", err)
		}
		return
	case st.name == "backlog" && end.name != "close" && !end.reset:
		g.drink() // the host waits for this, as only one direction has ended
		g.WantEOF()
	}
	wstest.Receive(t, g.at.closed)
	want = append(want, st.lines...)
	if end.pong && st.name != "closing" {
		want = append(want, "pong ")
	}
	g.at.Want(append(want, "error", `close 1006 "" unclean`)...)
}

// TestUrgentData checks that TCP's urgent data, which is not part of the stream, changes
// nothing, whatever the connection waits for.
func TestUrgentData(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, st := range states {
			if st.halfClosed {
				continue // nothing more can be sent
			}
			t.Run(st.name, func(t *testing.T) {
				g := newHost(t, way, noTimeouts).arrive()
				st.reach(g)
				g.urgent()
				st.leave(g)
				if st.lines == nil || st.name == "closing" {
					return
				}
				// It also comes between other data. There is only one such byte at a time: a
				// second one would make the first one part of the stream.
				for range 20 {
					g.Send(wstest.OpText, "1")
					g.urgent()
					g.Send(wstest.OpText, "2")
					g.Want(wstest.OpText, "1")
					g.Want(wstest.OpText, "2")
				}
			})
		}
	})
}

// finish ends the direction of g.
func (g *guest) finish() {
	if err := g.TCP().CloseWrite(); err != nil {
		g.T.Error(err)
	}
}

// cork holds back what is sent until the end can go with it.
func (g *guest) cork() { g.option(syscall.IPPROTO_TCP, 3 /* TCP_CORK */, 1) }

func (g *guest) option(level, name, value int) {
	g.control(func(fd int) error { return syscall.SetsockoptInt(fd, level, name, value) })
}

// urgent sends a byte of TCP's urgent data.
func (g *guest) urgent() {
	g.control(func(fd int) error { return syscall.Sendto(fd, []byte{'!'}, syscall.MSG_OOB, nil) })
}

func (g *guest) control(f func(fd int) error) {
	g.T.Helper()
	raw, err := g.TCP().SyscallConn()
	if err == nil {
		if e := raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
			err = e
		}
	}
	if err != nil {
		g.T.Error(err)
	}
}
