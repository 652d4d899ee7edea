package serving

import (
	"net/http"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A state is something that a connection waits for.
type state struct {
	name string

	// reach brings a new connection to the state.
	reach func(g *guest)

	// leave checks that the connection is in the state, by doing what it waits for.
	leave func(g *guest)

	lines []string       // the events of the host so far
	read  func(g *guest) // makes the host read again; nil if it reads

	halfClosed bool // the guest has ended its direction
}

const half = len(wstest.UpgradeRequest) / 2

var states = []state{
	{
		name:  "nothing sent",
		reach: func(*guest) {},
		leave: func(g *guest) { g.open(); g.echo("x") },
	},
	{
		name:  "half a head",
		reach: func(g *guest) { g.WriteRaw([]byte(wstest.UpgradeRequest[:half])) },
		leave: func(g *guest) {
			g.WriteRaw([]byte(wstest.UpgradeRequest[half:]))
			g.wantOpen()
			g.echo("x")
		},
	},
	{
		name: "undecided",
		read: func(g *guest) { g.asks.Accept("") },
		reach: func(g *guest) {
			g.WriteRaw([]byte(wstest.RequestWith("GET /undecided HTTP/1.1")))
			g.asks = wstest.Receive(g.T, g.host.asked)
		},
		leave: func(g *guest) {
			if _, err := g.asks.Accept(""); err != nil {
				g.T.Error(err)
			}
			g.wantOpen()
			g.echo("x")
		},
	},
	{
		name:  "open",
		reach: (*guest).open,
		leave: func(g *guest) { g.echo("x") },
		lines: []string{"open"},
	},
	{
		name:  "after an echo",
		reach: func(g *guest) { g.open(); g.echo("first") },
		leave: func(g *guest) { g.echo("x") },
		lines: []string{"open", "text first"},
	},
	{
		name:  "paused",
		lines: []string{"open", "text pause"},
		read:  func(g *guest) { g.at.Socket.Resume() },
		reach: func(g *guest) { g.open(); g.tell("pause") },
		leave: func(g *guest) {
			g.Send(wstest.OpText, "x")
			g.at.Socket.Resume()
			g.Want(wstest.OpText, "x")
		},
	},
	{
		name:  "paused with something undelivered",
		lines: []string{"open", "text pause", "text undelivered"},
		read:  func(g *guest) { g.at.Socket.Resume() },
		reach: func(g *guest) {
			g.open()
			g.WriteRaw(append(g.Frame(wstest.OpText, "pause"), g.Frame(wstest.OpText, "undelivered")...))
			g.obeyed()
		},
		leave: func(g *guest) {
			g.at.Socket.Resume()
			g.Want(wstest.OpText, "undelivered")
			g.echo("x")
		},
	},
	{
		name:  "closing",
		lines: []string{"open", "text close"},
		reach: func(g *guest) {
			g.open()
			g.tell("close")
			g.WantClose(1000)
		},
		leave: func(g *guest) {
			g.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
			g.WantEOF()
			g.Close() // the host waits for this, so that its close frame is not lost
			wstest.Receive(g.T, g.at.closed)
			g.at.Want("open", "text close", `close 1000 "" clean`)
		},
	},
	{
		name:  "backlog",
		reach: reachBacklog,
		leave: func(g *guest) { g.drink(); g.echo("x") },
		lines: []string{"open", "text flood"},
	},
	{
		name: "backlog for a peer that has ended its direction", halfClosed: true,
		reach: func(g *guest) {
			reachBacklog(g)
			g.TCP().CloseWrite()
		},
		leave: func(g *guest) {
			g.drink()
			g.WantEOF()
			wstest.Receive(g.T, g.at.closed)
			g.at.Want("open", "text flood", "error", `close 1006 "" unclean`)
		},
	},
	{
		name: "refused",
		reach: func(g *guest) {
			g.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"))
			if res := g.ReadResponse(); res.StatusCode != http.StatusUpgradeRequired {
				g.T.Errorf("status %d", res.StatusCode)
			}
		},
		leave: func(g *guest) { g.WantEOF() },
	},
}

func reachBacklog(g *guest) {
	g.open()
	g.flooded = g.tell("flood")
}

// wantOpen reads the response that opens the connection.
func (g *guest) wantOpen() {
	g.T.Helper()
	if res := g.ReadResponse(); res.StatusCode != http.StatusSwitchingProtocols {
		g.T.Fatalf("status %d", res.StatusCode)
	}
	g.at = wstest.Receive(g.T, g.host.conns)
}
