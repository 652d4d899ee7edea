package airsocket_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// Groups of acts.
const (
	starts      = "Connect StartServer SetProtocol"
	messages    = "Send SendBytes SendMessageText SendMessageBinary SendMessagePing SendMessagePong SendPrepared Ping Pong PingFunc"
	badMessages = "SendMessageNil SendMessageFail"
	badCloses   = "Close1006 Drop1006"
	longReasons = "CloseLongReason DropLongReason"
	byServer    = "ServerShutdown ServerClose ServerCloseDrop"
	byPeer      = "PeerCloses PeerBreaksRule StreamEnds ReadFails WriteFails " + limitRates
	timesOut    = "CloseTimeout HandshakeTimeout PongTimeout " + limitTimes
)

// A socketState is a state with what each act does there.
type socketState struct {
	name  string
	roles string // both if empty
	ready airsocket.ReadyState

	inTurn   bool   // the act is done in a turn of the Socket
	noPeer   bool   // there is no connection, or it has ended
	noServer bool   // that has accepted the connection
	noActs   string // that cannot be: a bubble's time stands still while a writer goroutine waits for the turn

	reach func(*scene)
	rows  []stateRow
}

// A stateRow says what acts return, an error for errors.Is, and what events follow.
// The bar is where the peer, and the program, go on.
type stateRow struct {
	acts string // those with @client or @server are for that role
	err  error
	then string
}

// The ends of a connection.
const (
	bye     = `| close 1000 "bye" clean` // the peer's, when it goes on
	openBye = `| open close 1000 "bye" clean`
	refused = `close 1006 "" unclean`
	aborted = `error(aborted) close 1006 "" unclean`
	dropped = `close 3000 "drop" unclean`
	broken  = `close 1002 "unknown opcode" unclean`
	ended   = `error(unexpected end) close 1006 "" unclean`
)

// connecting are the rows that are the same for all attempts to connect of which no
// request is known.
var connecting = []stateRow{
	{acts: starts + " " + messages + " SendPart SendUncompressed", err: airsocket.ErrInvalidState, then: openBye},
	{acts: badMessages, err: airsocket.ErrArgument, then: openBye},
	{acts: badCloses + " Close1001@client", err: airsocket.ErrCode, then: openBye},
	{acts: longReasons, err: airsocket.ErrReason, then: openBye},
	{acts: "Close Close0 Close1001@server SendMessageClose Drop", then: aborted},
	{acts: "Resume Flush CloseTimeout PongTimeout", then: openBye},
	{acts: "Pause", then: openBye + " resumed"},
}

// over are the rows of a connection that is closing or closed, where nothing but
// what the peer does, and perhaps Drop, changes how it ends.
func over(end string) []stateRow {
	return []stateRow{
		{acts: messages + " SendPart SendUncompressed", err: airsocket.ErrClosed, then: end},
		{acts: badMessages, err: airsocket.ErrArgument, then: end},
		{acts: badCloses + " Close1001@client", err: airsocket.ErrCode, then: end},
		{acts: longReasons, err: airsocket.ErrReason, then: end},
		{acts: "Close Close0 Close1001@server SendMessageClose", then: end},
		{acts: "Resume Flush", then: end},
	}
}

// isOpen are the rows of an open connection.
var isOpen = []stateRow{
	{acts: starts, err: airsocket.ErrInvalidState, then: bye},
	{acts: messages + " SendPart SendUncompressed", then: bye},
	{acts: badMessages, err: airsocket.ErrArgument, then: bye},
	{acts: badCloses + " Close1001@client", err: airsocket.ErrCode, then: bye},
	{acts: longReasons, err: airsocket.ErrReason, then: bye},
	{acts: "Close", then: `close 1000 "done" clean`},
	{acts: "Close1001@server ServerShutdown", then: `close 1001 "" clean`},
	{acts: "Close0 SendMessageClose", then: `close 1005 "" clean`},
	{acts: "Drop", then: dropped},
	{acts: "Pause", then: resumedBye},
	{acts: "Resume Flush CloseTimeout HandshakeTimeout", then: bye},
	{acts: "ServerClose", then: `error(server closed) close 1006 "" unclean`},
	{acts: "PeerCloses", then: `close 1001 "away" clean`},
	{acts: "PeerBreaksRule", then: `error(protocol) ` + broken},
	{acts: "StreamEnds", then: ended},
	{acts: "ReadFails", then: `error(reading) close 1006 "" unclean`},
	{acts: "WriteFails", then: `error(unsent, writing) close 1006 "" unclean`},
	{acts: "PongTimeout", then: `error(pong timeout) close 1006 "" unclean`},
	{acts: "Goexit", then: refused},
}

// isClosed are the rows of a connection that is closed: nothing follows, but that it
// may be started again.
var isClosed = append(over(""), []stateRow{
	{acts: "Connect StartServer", then: "open " + bye},
	{acts: "SetProtocol Drop Goexit"},
	{acts: "Pause", then: "| resumed"},
	{acts: byServer + " " + timesOut},
}...)

var socketStates = []socketState{
	{
		name: "new", ready: airsocket.StateInit, noPeer: true, noServer: true,
		reach: func(sc *scene) {
			sc.follow(airsocket.NewSocket(sc.opts))
			sc.do()
		},
		rows: []stateRow{
			{acts: "Connect StartServer", then: "open " + bye},
			{acts: "SetProtocol Resume Flush " + timesOut},
			{acts: "Pause", then: "| resumed"},
			{acts: messages + " SendPart SendUncompressed", err: airsocket.ErrInvalidState},
			{acts: badMessages, err: airsocket.ErrArgument},
			{acts: "Close Close0 SendMessageClose Drop", err: airsocket.ErrInvalidState},
			{acts: "Close1001", err: airsocket.ErrInvalidState},
			{acts: badCloses, err: airsocket.ErrCode},
			{acts: longReasons, err: airsocket.ErrReason},
		},
	},
	{
		name: "dialling", roles: "client", ready: airsocket.StateConnecting, noPeer: true,
		reach: func(sc *scene) {
			through := newGate(false)
			sc.dial = func(ctx context.Context) (net.Conn, error) {
				select {
				case <-through.ch:
					return sc.line(false, true), nil
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			}
			sc.begin()
			sc.do()
			synctest.Wait()
			sc.onGoOn = through.open
		},
		rows: append(connecting[:len(connecting):len(connecting)],
			stateRow{acts: "HandshakeTimeout", then: `error(handshake timeout) ` + refused}),
	},
	{
		name: "waiting for the response", roles: "client", ready: airsocket.StateConnecting,
		reach: func(sc *scene) {
			sc.begin()
			sc.do()
		},
		rows: append(connecting[:len(connecting):len(connecting)], []stateRow{
			{acts: "HandshakeTimeout", then: `error(handshake timeout) ` + refused},
			{acts: "PeerCloses PeerBreaksRule", then: `error(handshake) ` + refused},
			{acts: "StreamEnds", then: `error(no handshake, handshake) ` + refused},
			{acts: "ReadFails", then: `error(reading) ` + refused},
			{acts: "WriteFails", err: airsocket.ErrInvalidState, then: `| open error(writing) close 1000 "bye" unclean`},
		}...),
	},
	{
		name: "waiting for the request", roles: "server", ready: airsocket.StateConnecting, noServer: true,
		reach: func(sc *scene) {
			sc.follow(airsocket.NewSocket(sc.opts))
			if err := sc.s.StartServer(sc.line(true, false)); err != nil {
				sc.t.Error(err)
			}
			synctest.Wait()
			sc.do()
		},
		rows: append(connecting[:len(connecting):len(connecting)], []stateRow{
			{acts: "HandshakeTimeout", then: `error(handshake timeout) ` + refused},
			{acts: "PeerCloses PeerBreaksRule", then: `| error(answered with 400) ` + refused}, // when it has had time to read why
			{acts: "StreamEnds", then: `error(no handshake) ` + refused},
			{acts: "ReadFails", then: `error(reading) ` + refused},
			{acts: "WriteFails", err: airsocket.ErrInvalidState, then: `| error(writing) ` + refused},
		}...),
	},
	{
		name: "in OnConnect", roles: "server", ready: airsocket.StateConnecting, inTurn: true,
		reach: func(sc *scene) {
			sc.onConnect = sc.do
			sc.begin()
			sc.peer().goOn()
		},
		rows: []stateRow{
			{acts: starts + " SendPart SendUncompressed", err: airsocket.ErrInvalidState, then: "open " + bye},
			{acts: messages, then: "open " + bye}, // nothing but its own answer is missing
			{acts: badMessages, err: airsocket.ErrArgument, then: "open " + bye},
			{acts: badCloses, err: airsocket.ErrCode, then: "open " + bye},
			{acts: longReasons, err: airsocket.ErrReason, then: "open " + bye},
			{acts: "Close", then: `open close 1000 "done" clean`},
			{acts: "CloseTwice", then: `open close 1000 "done" clean`},
			{acts: "Close1001 ServerShutdown", then: `open close 1001 "" clean`},
			{acts: "Close0 SendMessageClose", then: `open close 1005 "" clean`},
			{acts: "Drop", then: aborted},
			{acts: "Resume Flush CloseTimeout", then: "open " + bye},
			{acts: "Pause", then: "open " + bye + " resumed"},
			{acts: "ServerClose", then: `error(server closed) ` + refused},
			{acts: "PeerCloses", then: `open close 1001 "away" clean`},
			{acts: "PeerBreaksRule", then: `open error(protocol) ` + broken},
			{acts: "StreamEnds", then: `open ` + ended},
			{acts: "ReadFails", then: `open error(reading) ` + refused},
			{acts: "WriteFails", then: `error(writing) ` + refused},
			{acts: "HandshakeTimeout", then: `error(handshake timeout) ` + refused},
			{acts: "PongTimeout", then: "open " + bye},
			{acts: "Goexit", then: refused},
		},
	},
	{
		name: "in OnRequest, undecided", roles: "server", ready: airsocket.StateConnecting,
		reach: func(sc *scene) {
			sc.srv = new(airsocket.Server)
			var asked *airsocket.Request
			sc.srv.OnRequest(func(r *airsocket.Request) {
				asked = r
				sc.follow(r.Socket())
			})
			sc.begin()
			sc.peer().goOn()
			synctest.Wait()
			sc.do()
			sc.onGoOn = func() { asked.Accept("") }
		},
		rows: []stateRow{
			{acts: starts + " SendPart SendUncompressed", err: airsocket.ErrInvalidState, then: openBye},
			{acts: messages, then: openBye},
			{acts: badMessages, err: airsocket.ErrArgument, then: openBye},
			{acts: badCloses, err: airsocket.ErrCode, then: openBye},
			{acts: longReasons, err: airsocket.ErrReason, then: openBye},
			{acts: "Close", then: `| open close 1000 "done" clean`},
			{acts: "CloseTwice", then: `| open close 1000 "done" clean`},
			{acts: "Close1001", then: `| open close 1001 "" clean`},
			{acts: "Close0 SendMessageClose", then: `| open close 1005 "" clean`},
			{acts: "Drop", then: aborted},
			{acts: "Resume Flush CloseTimeout PongTimeout", then: openBye},
			{acts: "Pause", then: openBye + " resumed"},
			{acts: "ServerShutdown", then: `error(answered with 503) ` + refused},
			{acts: "ServerClose", then: `error(server closed) ` + refused},
			{acts: "PeerCloses", then: `| open close 1001 "away" clean`},
			{acts: "PeerBreaksRule", then: `| open error(protocol) ` + broken},
			{acts: "StreamEnds", then: `| open ` + ended},
			{acts: "ReadFails", then: `| open error(reading) ` + refused},
			{acts: "WriteFails", then: `| error(writing) ` + refused},
			{acts: "HandshakeTimeout", then: `error(answered with 404) ` + refused},
		},
	},
	{
		name: "failed opening, in OnError", roles: "client", ready: airsocket.StateClosing, inTurn: true, noPeer: true,
		reach: func(sc *scene) {
			sc.dial = func(context.Context) (net.Conn, error) { return nil, errDialling }
			sc.onError = sc.do
			sc.begin()
		},
		rows: append(over(refused), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: refused},
			{acts: "Drop Goexit " + timesOut, then: refused},
			{acts: "Pause", then: refused + " | resumed"},
		}...),
	},
	{
		name: "failed opening, in OnError", roles: "server", ready: airsocket.StateClosing, inTurn: true, noServer: true,
		reach: func(sc *scene) {
			sc.follow(airsocket.NewSocket(sc.opts))
			sc.onError = sc.do
			l := sc.line(true, false)
			if err := sc.s.StartServer(l); err != nil {
				sc.t.Error(err)
			}
			l.peer.set(&l.peer.readFails)
			l.peer.out.Close()
		},
		rows: append(over(refused), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: refused},
			{acts: "Drop Goexit PeerCloses PeerBreaksRule StreamEnds ReadFails " + timesOut, then: refused},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: refused},
			{acts: "Pause", then: refused + " | resumed"},
		}...),
	},
	{
		name: "open, in a handler", ready: airsocket.StateOpen, inTurn: true, noActs: "PongTimeout WriteTimeout",
		reach: func(sc *scene) {
			sc.onMessage = sc.do
			sc.open()
			sc.peer().send(wstest.OpText, "go")
		},
		rows: isOpen,
	},
	{
		name: "open, from another goroutine", ready: airsocket.StateOpen,
		reach: func(sc *scene) {
			sc.open()
			sc.do()
		},
		rows: isOpen,
	},
	{
		name: "open, paused", ready: airsocket.StateOpen,
		reach: func(sc *scene) {
			sc.open()
			sc.s.Pause()
			sc.paused = true
			sc.peer().send(wstest.OpPing, "") // it takes effect behind what is being read
			sc.do()
		},
		rows: []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: resumedBye},
			{acts: messages + " SendPart SendUncompressed", then: resumedBye},
			{acts: badMessages, err: airsocket.ErrArgument, then: resumedBye},
			{acts: badCloses + " Close1001@client", err: airsocket.ErrCode, then: resumedBye},
			{acts: longReasons, err: airsocket.ErrReason, then: resumedBye},
			{acts: "Close", then: `close 1000 "done" clean | resumed`},
			{acts: "Close1001@server ServerShutdown", then: `close 1001 "" clean | resumed`},
			{acts: "Close0 SendMessageClose", then: `close 1005 "" clean | resumed`},
			{acts: "Drop", then: dropped + " | resumed"},
			{acts: "Pause Flush CloseTimeout HandshakeTimeout PongTimeout", then: resumedBye},
			{acts: "Resume", then: bye + " resumed"},
			{acts: "ServerClose", then: `error(server closed) ` + refused + " | resumed"},
			{acts: "PeerCloses", then: `| resumed close 1001 "away" clean`},
			{acts: "PeerBreaksRule", then: `| resumed error(protocol) ` + broken},
			{acts: "StreamEnds", then: `| resumed ` + ended},
			{acts: "ReadFails", then: `| resumed error(reading) ` + refused},
			{acts: "WriteFails", then: `error(unsent, writing) ` + refused + " | resumed"},
		},
	},
	{
		name: "closing, begun here", ready: airsocket.StateClosing,
		reach: func(sc *scene) {
			sc.begin()
			sc.peer().reads.open()
			sc.peer().begins.open()
			synctest.Wait()
			sc.s.Close(1000, "done")
			synctest.Wait()
			sc.do()
		},
		rows: append(over(done), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: done},
			{acts: "HandshakeTimeout PongTimeout ServerShutdown", then: done},
			{acts: "Pause", then: done + " resumed"},
			{acts: "Drop", then: dropped},
			{acts: "ServerClose", then: `error(server closed) ` + refused},
			{acts: "PeerCloses", then: away},
			{acts: "PeerBreaksRule", then: `error(protocol) | ` + broken},
			{acts: "StreamEnds", then: ended},
			{acts: "ReadFails", then: `error(reading) ` + refused},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: done},
			{acts: "CloseTimeout", then: `error(close timeout) ` + refused},
		}...),
	},
	{
		name: "failed here, in OnError", ready: airsocket.StateClosing, inTurn: true,
		reach: func(sc *scene) {
			sc.onError = sc.do
			sc.open()
			go sc.peer().send(0x83, "")
		},
		rows: append(over(broken), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: broken},
			{acts: byServer + " PeerCloses PeerBreaksRule StreamEnds ReadFails " + timesOut, then: broken},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: broken},
			{acts: "Pause", then: broken + " | resumed"},
			{acts: "Goexit", then: broken},
			{acts: "Drop", then: broken}, // which the peer has been told
		}...),
	},
	{
		name: "dropped", ready: airsocket.StateClosing, inTurn: true, noActs: timesOut,
		reach: func(sc *scene) {
			sc.onMessage = func() {
				sc.s.Drop(3001, "at first")
				sc.do()
			}
			sc.open()
			sc.peer().send(wstest.OpText, "go")
		},
		rows: append(over(first), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: first},
			{acts: "Drop PeerCloses PeerBreaksRule StreamEnds ReadFails " + byServer + " " + timesOut, then: first},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: first},
			{acts: "Goexit", then: first},
			{acts: "Pause", then: first + " | resumed"},
		}...),
	},
	{
		name: "the stream has ended, something waits to be written", ready: airsocket.StateClosing,
		reach: func(sc *scene) {
			sc.begin()
			sc.peer().begins.open()
			synctest.Wait()
			if err := sc.s.Send("for who reads on"); err != nil {
				sc.t.Error(err)
			}
			sc.peer().out.Close()
			synctest.Wait()
			sc.do()
		},
		rows: append(over("| "+ended), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: "| " + ended},
			{acts: "HandshakeTimeout PongTimeout ServerShutdown", then: "| " + ended},
			{acts: "PeerCloses PeerBreaksRule StreamEnds ReadFails", then: "| " + ended}, // cannot be any more
			{acts: "Pause", then: "| " + ended + " resumed"},
			{acts: "Drop", then: dropped},
			{acts: "ServerCloseDrop", then: dropped},
			{acts: "ServerClose CloseTimeout", then: `error(unsent, unexpected end) ` + refused},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: `error(unsent, unexpected end) ` + refused},
		}...),
	},
	{
		name: "closed, in OnClose", ready: airsocket.StateClosed, inTurn: true, noPeer: true, noActs: timesOut,
		reach: func(sc *scene) {
			sc.onClose = sc.do
			sc.open()
			sc.peer().closes.open()
		},
		rows: isClosed,
	},
	{
		name: "closed, from another goroutine", ready: airsocket.StateClosed, noPeer: true,
		reach: func(sc *scene) {
			sc.open()
			sc.peer().closes.open()
			synctest.Wait()
			sc.do()
		},
		rows: isClosed,
	},
	{
		name: "waiting to reconnect", roles: "client", ready: airsocket.StateConnecting, noPeer: true,
		noActs: "IdleTimeout", // see TestTimeoutsOfTheNextConnection
		reach: func(sc *scene) {
			sc.opts.Reconnect = &airsocket.Reconnect{Min: 1, Max: time.Hour}
			l := sc.line(false, true)
			l.peer.status = "503 Service Unavailable\r\nRetry-After: 60"
			sc.dial = func(context.Context) (net.Conn, error) { return l, nil }
			sc.begin()
			sc.do()
			sc.onGoOn = func() { time.Sleep(2 * time.Minute) } // until it connects again, which Retry-After puts off for a minute
		},
		rows: append(connecting[:len(connecting):len(connecting)],
			stateRow{acts: "HandshakeTimeout", then: openBye}),
	},
}

// allStates are those of all files.
func allStates() []socketState {
	all := slices.Concat(socketStates, closingStates)
	for _, h := range handlerStates {
		all = append(all, h.socketState())
	}
	return all
}

const (
	resumedBye = `| resumed close 1000 "bye" clean`

	first = `close 3001 "at first" unclean`
	done  = `| close 1000 "done" clean`
	away  = `| close 1001 "away" clean`
)

// applies reports whether there is such an act in the state.
func (st *socketState) applies(act, role string) bool {
	is := func(acts string) bool { return slices.Contains(strings.Fields(acts), act) }
	switch {
	case is(st.noActs), st.noPeer && is(byPeer):
		return false
	case is(byServer):
		return !st.noServer && role == "server"
	}
	return act != "Goexit" || st.inTurn
}

// rowsFor are the rows of a state for a role, by act.
func (st *socketState) rowsFor(t *testing.T, role string) map[string]stateRow {
	rows := map[string]stateRow{}
	for _, row := range slices.Concat(st.rows, limitRows[st.name]) {
		for _, act := range strings.Fields(row.acts) {
			act, only, found := strings.Cut(act, "@")
			if found && only != role || !st.applies(act, role) {
				continue
			}
			if _, twice := rows[act]; twice {
				t.Errorf("%s has two rows for %s", st.name, act)
			}
			rows[act] = row
		}
	}
	for double, act := range doubles {
		if _, own := rows[double]; !own && st.applies(double, role) {
			rows[double] = rows[act]
		}
	}
	for act := range acts {
		if _, ok := rows[act]; !ok && st.applies(act, role) {
			t.Errorf("%s has no row for %s", st.name, act)
		}
	}
	return rows
}

// In every state a Socket takes every call, and all that can happen to it: the call
// returns what it should, the events follow that should, with one close event for
// each connection, and nothing panics.
func TestEveryStateAndEveryCall(t *testing.T) {
	for _, st := range allStates() {
		for _, role := range []string{"client", "server"} {
			if st.roles != "" && st.roles != role {
				continue
			}
			rows := st.rowsFor(t, role)
			for _, act := range slices.Sorted(maps.Keys(rows)) {
				t.Run(st.name+"/"+role+"/"+act, func(t *testing.T) { st.test(t, role, act, airsocket.RulesDefault, rows[act]) })
			}
		}
	}
}

func (st *socketState) test(t *testing.T, role, act string, rules airsocket.Rules, row stateRow) {
	var sc *scene
	var got string
	synctest.Test(t, func(t *testing.T) {
		sc = newScene(t, role, act)
		if sc.opts.Rules = rules; rules == airsocket.RulesBrowser {
			sc.opts.Protocols = nil // which the peer chooses none of
		}
		got = sc.run(st)
	})
	if sc.state != st.ready {
		t.Errorf("ReadyState is %d, want %d", sc.state, st.ready)
	}
	if !errors.Is(sc.err, row.err) || got != row.then {
		t.Errorf("returned %v, events %s\nwant     %v, events %s", sc.err, got, row.err, row.then)
	}
}
