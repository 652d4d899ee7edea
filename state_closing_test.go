package airsocket_test

import (
	"testing/synctest"

	"github.com/airsocket/airsocket"
)

// beginClose brings a connection to the closing handshake that this end has begun,
// with a peer that does not read it yet.
func (sc *scene) beginClose() {
	sc.begin()
	sc.peer().begins.open()
	synctest.Wait()
	sc.s.Close(1000, "done")
	synctest.Wait()
}

// byBoth are the rows of a connection whose peer has said that it closes: it is known
// how that ends, unless something is in the way of the answer.
var byBoth = append(over(away), []stateRow{
	{acts: starts, err: airsocket.ErrInvalidState, then: away},
	{acts: "HandshakeTimeout PongTimeout ServerShutdown", then: away},
	{acts: "Pause", then: away + " resumed"},
	{acts: "PeerCloses PeerBreaksRule StreamEnds", then: away}, // nothing that comes behind a close frame counts
	{acts: "Drop", then: `close 1001 "away" unclean`},
	{acts: "ServerClose", then: `error(server closed) close 1001 "away" unclean`},
	{acts: "ServerCloseDrop", then: `close 1001 "away" unclean`},
	{acts: "ReadFails", then: `error(reading) close 1001 "away" unclean`},
	{acts: "WriteFails", err: airsocket.ErrClosed, then: `error(writing) close 1001 "away" unclean`},
	{acts: "CloseTimeout", then: `error(close timeout) close 1001 "away" unclean`},
}...)

// closingStates are those of a connection of which the peer has said, or shown, that
// it is to end, while the close frame of this end still waits to be written.
var closingStates = []socketState{
	{
		name: "closing, begun by the peer", ready: airsocket.StateClosing,
		reach: func(sc *scene) {
			sc.begin()
			sc.peer().begins.open()
			synctest.Wait()
			sc.peer().close(1001, "away")
			synctest.Wait()
			sc.do()
		},
		rows: byBoth,
	},
	{
		name: "closing, begun by both", ready: airsocket.StateClosing,
		reach: func(sc *scene) {
			sc.beginClose()
			sc.peer().close(1001, "away")
			synctest.Wait()
			sc.do()
		},
		rows: byBoth,
	},
	{
		name: "closing, begun here, the stream has ended", ready: airsocket.StateClosing,
		reach: func(sc *scene) {
			sc.beginClose()
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
			{acts: "ServerClose CloseTimeout", then: ended},
			{acts: "WriteFails", err: airsocket.ErrClosed, then: ended},
		}...),
	},
	{
		name: "closing, begun here, and failed, in OnError", ready: airsocket.StateClosing, inTurn: true,
		reach: func(sc *scene) {
			sc.onError = sc.do
			sc.beginClose()
			go sc.peer().send(0x83, "")
		},
		rows: append(over("| "+broken), []stateRow{
			{acts: starts, err: airsocket.ErrInvalidState, then: "| " + broken},
			{acts: "HandshakeTimeout PongTimeout ServerShutdown PeerCloses PeerBreaksRule StreamEnds", then: "| " + broken},
			{acts: "Pause", then: "| " + broken + " resumed"},
			{acts: "Drop ServerClose CloseTimeout ReadFails Goexit", then: broken}, // but not how it ends
			{acts: "WriteFails", err: airsocket.ErrClosed, then: broken},
		}...),
	},
}
