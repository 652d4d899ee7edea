package airsocket_test

import (
	"cmp"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A handlerState is a state that a handler has brought its own Socket to, while what
// has been received together with its message is still to come.
type handlerState struct {
	name, roles string
	ready       airsocket.ReadyState
	comes       string // what the handler does to be there
	follows     string // what has been received: "", "closes" or "breaks"

	sending error  // of the calls that send
	then    string // what follows if nothing ends the connection
	paused  string // the same after Pause
	closes  string // after Close
	drops   string // after Drop
	goexit  string // after the end of the handler's goroutine
}

// comesTo does what handlerState.comes is a name for.
func comesTo(sc *scene, name string) {
	switch s := sc.s; name {
	case "Close":
		s.Close(1000, "done")
	case "ServerClose":
		sc.srv.Close()
	case "WriteFails":
		p := sc.peer()
		p.set(&p.writeFails)
		p.raw.Close()
		if err := s.Send("lost"); err != nil {
			sc.t.Error(err)
		}
		s.Flush()
		synctest.Wait()
	}
}

// followers are the frames for handlerState.follows.
func followers(p *linePeer, name string) []byte {
	switch name {
	case "closes":
		return append(p.raw.Frame(wstest.OpText, "more"), p.raw.Frame(wstest.OpClose, wstest.ClosePayload(1001, "away"))...)
	case "breaks":
		return p.raw.Frame(0x83, "")
	}
	return nil
}

func (h handlerState) socketState() socketState {
	return socketState{
		name: h.name, roles: h.roles, ready: h.ready, inTurn: true, noPeer: true,
		noActs: timesOut + " ServerShutdown", // which would wait for the end of the turn
		reach: func(sc *scene) {
			sc.onMessage = func() {
				comesTo(sc, h.comes)
				sc.onMessage = func() { sc.note("message") }
				sc.do()
			}
			sc.open()
			p := sc.peer()
			p.out.Write(append(p.raw.Frame(wstest.OpText, "go"), followers(p, h.follows)...))
		},
		rows: h.rows(),
	}
}

func (h handlerState) rows() []stateRow {
	return []stateRow{
		{acts: starts, err: airsocket.ErrInvalidState, then: h.then},
		{acts: messages + " SendPart SendUncompressed", err: h.sending, then: h.then},
		{acts: badMessages, err: airsocket.ErrArgument, then: h.then},
		{acts: badCloses + " Close1001@client", err: airsocket.ErrCode, then: h.then},
		{acts: longReasons, err: airsocket.ErrReason, then: h.then},
		{acts: "Resume Flush", then: h.then},
		{acts: "Pause", then: h.paused},
		{acts: "Close Close0 Close1001@server SendMessageClose", then: h.closes},
		{acts: "Drop", then: h.drops},
		{acts: "ServerClose", then: cmp.Or(h.lost(), serverClosed)},
		{acts: "Goexit", then: h.goexit},
	}
}

// lost is how a connection ends that could not be written to; empty for others.
func (h handlerState) lost() string {
	if h.comes == "WriteFails" {
		return unsent
	}
	return ""
}

// The ends of a handlerState.
const (
	awayNow      = `close 1001 "away" clean`
	doneNow      = `close 1000 "done" clean`
	serverClosed = `error(server closed) ` + refused
	unsent       = `error(unsent, writing) ` + refused
)

var handlerStates = []handlerState{
	{
		name: "open, in a handler, a close frame follows", ready: airsocket.StateOpen, follows: "closes",
		then: "message " + awayNow, paused: "| resumed message " + awayNow,
		closes: awayNow, drops: dropped, goexit: refused,
	},
	{
		name: "closing, begun here, in a handler", ready: airsocket.StateClosing, comes: "Close", sending: airsocket.ErrClosed,
		then: doneNow, paused: doneNow + " | resumed",
		closes: doneNow, drops: dropped, goexit: refused,
	},
	{
		name: "closing, begun here, in a handler, a close frame follows", ready: airsocket.StateClosing, comes: "Close", follows: "closes", sending: airsocket.ErrClosed,
		then: awayNow, paused: awayNow + " | resumed",
		closes: awayNow, drops: dropped, goexit: refused,
	},
	{
		name: "aborted, in a handler, a close frame follows", roles: "server", ready: airsocket.StateClosing, comes: "ServerClose", follows: "closes", sending: airsocket.ErrClosed,
		then: serverClosed, paused: serverClosed + " | resumed",
		closes: serverClosed, drops: serverClosed, goexit: serverClosed,
	},
	{
		name: "open, writing has failed", ready: airsocket.StateOpen, comes: "WriteFails", sending: airsocket.ErrClosed,
		then: unsent, paused: unsent + " | resumed",
		closes: unsent, drops: unsent, goexit: unsent,
	},
	{ // what was received before is still delivered, unless this end closes
		name: "open, writing has failed, a close frame follows", ready: airsocket.StateOpen, comes: "WriteFails", follows: "closes", sending: airsocket.ErrClosed,
		then: `message error(unsent, writing) close 1001 "away" unclean`, paused: `message error(unsent, writing) close 1001 "away" unclean | resumed`,
		closes: unsent, drops: unsent, goexit: unsent,
	},
	{
		name: "open, writing has failed, a broken rule follows", ready: airsocket.StateOpen, comes: "WriteFails", follows: "breaks", sending: airsocket.ErrClosed,
		then: "error(protocol) " + broken, paused: "error(protocol) " + broken + " | resumed",
		closes: unsent, drops: unsent, goexit: unsent,
	},
}
