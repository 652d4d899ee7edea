package airsocket_test

import (
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// Groups of acts.
const (
	limitTimes = "WriteTimeout IdleTimeout MessageTimeout"
	limitRates = "RateLimitHolds RateLimitCloses"
)

// actWaits are how long what follows an act may take.
var actWaits = map[string]time.Duration{"RateLimitHolds": 10 * time.Second, "RateLimitCloses": 10 * time.Second}

// writesToTheDeaf sends more than the peer takes, if the socket is open. Otherwise only what
// waits already is not taken.
func writesToTheDeaf(sc *scene) error {
	if sc.state == airsocket.StateOpen {
		sc.peer().set(&sc.peer().deaf)
		for range 2 {
			if err := sc.s.Send("x"); err != nil {
				return err
			}
		}
	}
	return passes(sc)
}

// beginsAMessage has the peer send the first part of a message, if the socket is open.
func beginsAMessage(sc *scene) error {
	if sc.state == airsocket.StateOpen {
		go sc.peer().send(textPart, "a")
	}
	return passes(sc)
}

// sendsTooMuch has the peer send three pings, unless it is still in the handshake.
func sendsTooMuch(sc *scene) error {
	if sc.state != airsocket.StateConnecting {
		go func() {
			for range 3 {
				sc.peer().send(wstest.OpPing, "")
			}
		}()
	}
	return nil
}

// limitRows are the rows of the states for these acts. A state that is not here has them
// with its other timeouts.
var limitRows = map[string][]stateRow{
	// Only an open connection has these limits. HandshakeTimeout is there for the others.
	"dialling":                 {{acts: limitTimes, then: openBye}},
	"waiting for the response": {{acts: limitTimes + " " + limitRates, then: openBye}},
	"waiting for the request":  {{acts: limitTimes + " " + limitRates, then: openBye}},
	"in OnConnect":             {{acts: limitTimes + " " + limitRates, then: "open " + bye}},
	"in OnRequest, undecided":  {{acts: limitTimes + " " + limitRates, then: openBye}},
	"waiting to reconnect":     {{acts: limitTimes, then: openBye}},

	"open, in a handler": {
		{acts: "IdleTimeout MessageTimeout RateLimitHolds", then: bye}, // nothing is read while it runs
		{acts: "RateLimitCloses", then: tooMuch},
	},
	"open, from another goroutine": {
		{acts: "WriteTimeout", then: notTaken},
		{acts: "IdleTimeout", then: `error(idle timeout) close 1001 "` + idleClose + `" unclean`},
		{acts: "MessageTimeout", then: `error(message timeout) close 1008 "` + slowClose + `" unclean`},
		{acts: "RateLimitHolds", then: bye},
		{acts: "RateLimitCloses", then: tooMuch},
	},
	"open, paused": {
		{acts: "WriteTimeout", then: notTaken + " | resumed"},
		{acts: "IdleTimeout MessageTimeout RateLimitHolds", then: resumedBye},
		{acts: "RateLimitCloses", then: `| resumed error(rate limit) close 1008 "too many messages" unclean`},
	},

	// A connection that is closing has CloseTimeout, and WriteTimeout while something waits.
	"closing, begun here": {
		{acts: limitTimes + " RateLimitHolds", then: done},
		{acts: "RateLimitCloses", then: tooMuch},
	},
	"closing, begun by the peer": awayInTime,
	"closing, begun by both":     awayInTime,
	"closing, begun here, the stream has ended": {
		{acts: "IdleTimeout MessageTimeout " + limitRates, then: "| " + ended},
		{acts: "WriteTimeout", then: ended},
	},
	"closing, begun here, and failed, in OnError": {
		{acts: "IdleTimeout MessageTimeout " + limitRates, then: "| " + broken},
		{acts: "WriteTimeout", then: broken},
	},
	"the stream has ended, something waits to be written": {
		{acts: "IdleTimeout MessageTimeout " + limitRates, then: "| " + ended},
		{acts: "WriteTimeout", then: `error(unsent, unexpected end) ` + refused},
	},

	"failed opening, in OnError": {{acts: limitRates, then: refused}},
	"failed here, in OnError":    {{acts: limitRates, then: broken}},
	"dropped":                    {{acts: limitRates, then: first}},
}

var awayInTime = []stateRow{
	{acts: "IdleTimeout MessageTimeout " + limitRates, then: away},
	{acts: "WriteTimeout", then: `error(write timeout) close 1001 "away" unclean`},
}

// The ends of a connection.
const (
	notTaken = `error(unsent, write timeout) ` + refused
	tooMuch  = `error(rate limit) | close 1008 "too many messages" unclean`
)
