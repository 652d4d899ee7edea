package airsocket

import (
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/wire"
)

// A ReadyState is the state of a Socket (WHATWG readyState).
type ReadyState uint32

// The states, with the numbers of the browser.
const (
	StateConnecting ReadyState = 0 // the opening handshake is under way
	StateOpen       ReadyState = 1 // messages can be sent
	StateClosing    ReadyState = 2 // the closing handshake is under way
	StateClosed     ReadyState = 3 // the connection is gone, or could not be opened
	StateInit       ReadyState = 4 // not started yet
)

// A stage is where a connection is in its life. The package documentation has a
// drawing of the stages.
type stage uint32

const (
	_               stage = iota // in transitions: nothing changes
	stageNew                     // not started
	stageConnecting              // the opening handshake is under way
	stageAccepting               // a server has the request: nothing but its response is missing
	stageOpen
	stageUnwritable    // writing has failed: what was received before that is still delivered
	stageCloseSent     // Close was called, and the peer has not answered
	stageCloseReceived // the peer has closed, and is answered
	stageFailed        // this end has failed the connection, and has told the peer
	stageEnded         // the peer's stream has ended, or cannot be read
	stageDropped       // Drop was called
	stageAborted       // this end has ended the connection without a close frame
	stageOver          // nothing more is read and written: the close event follows
	stageClosed        // the close event has begun, or there is none
	stages
)

// readyStates are what ReadyState returns in each stage.
var readyStates = [stages]ReadyState{
	stageNew:           StateInit,
	stageConnecting:    StateConnecting,
	stageAccepting:     StateConnecting,
	stageOpen:          StateOpen,
	stageUnwritable:    StateOpen,
	stageCloseSent:     StateClosing,
	stageCloseReceived: StateClosing,
	stageFailed:        StateClosing,
	stageEnded:         StateClosing,
	stageDropped:       StateClosing,
	stageAborted:       StateClosing,
	stageOver:          StateClosing,
	stageClosed:        StateClosed,
}

// A lifeEvent is what changes the stage of a connection.
type lifeEvent uint8

const (
	startCalled     lifeEvent = iota // Connect, StartServer, Upgrade, or the wait before an attempt
	requestRead                      // a server has read a request that it may accept
	opened                           // the opening handshake is done
	closeCalled                      // Close
	dropCalled                       // Drop
	closeReceived                    // a close frame
	ruleBroken                       // by the peer, or by what a NetConn is for
	handlerPanicked                  // with Options.Recover
	streamEnded                      // the peer has ended its stream, or reading has failed
	writeFailed                      // the connection cannot be written to
	aborted                          // Server.Close, or a time has run out
	disconnected                     // nothing more is read and written
	finished                         // the close event begins
	withdrawn                        // there is to be no connection after all, and no event
	lifeEvents
)

// transitions are all changes of the stage. Where there is none, a lifeEvent changes
// nothing: the first reason for which a connection ends decides on its close event.
var transitions = [stages][lifeEvents]stage{
	stageNew: {startCalled: stageConnecting},
	stageConnecting: {
		requestRead:  stageAccepting,
		opened:       stageOpen,
		dropCalled:   stageAborted,
		aborted:      stageAborted,
		disconnected: stageOver,
		withdrawn:    stageClosed,
	},
	stageAccepting: { // Close waits until it is open
		opened:       stageOpen,
		dropCalled:   stageAborted,
		aborted:      stageAborted,
		disconnected: stageOver,
		withdrawn:    stageClosed,
	},
	stageOpen: {
		closeCalled:     stageCloseSent,
		dropCalled:      stageDropped,
		closeReceived:   stageCloseReceived,
		ruleBroken:      stageFailed,
		handlerPanicked: stageFailed,
		streamEnded:     stageEnded,
		writeFailed:     stageUnwritable,
		aborted:         stageAborted,
		disconnected:    stageOver,
	},
	stageUnwritable: {
		closeCalled:     stageAborted,
		dropCalled:      stageAborted,
		closeReceived:   stageCloseReceived,
		ruleBroken:      stageFailed,
		handlerPanicked: stageFailed,
		streamEnded:     stageEnded,
		aborted:         stageAborted,
		disconnected:    stageOver,
	},
	stageCloseSent: {
		dropCalled:      stageDropped,
		closeReceived:   stageCloseReceived,
		ruleBroken:      stageFailed,
		handlerPanicked: stageFailed,
		streamEnded:     stageEnded,
		aborted:         stageAborted,
		disconnected:    stageOver,
	},
	stageCloseReceived: {disconnected: stageOver},
	stageFailed:        {disconnected: stageOver},
	stageEnded:         {dropCalled: stageDropped, disconnected: stageOver},
	stageDropped:       {handlerPanicked: stageFailed, disconnected: stageOver},
	stageAborted:       {handlerPanicked: stageFailed, disconnected: stageOver, withdrawn: stageClosed},
	stageOver:          {finished: stageClosed},
	stageClosed:        {startCalled: stageConnecting},
}

// A lifetime is where a connection is in its life and, towards the end, how it ends.
type lifetime struct {
	// mu guards the rest, and what changes with it: the opening and the clock of the
	// Socket. It may be held when the sender's lock is taken, never the other way
	// round.
	mu    sync.Mutex
	stage atomic.Uint32 // changes under mu
	role  wire.Role
	end   *ending // nil before anything has ended the connection
}

// An ending is how a connection ends.
type ending struct {
	code    StatusCode
	reason  string
	clean   bool  // the peer has said that it closes
	stream  bool  // by ending its stream, as in versions that have no other way
	silent  bool  // there is no close event
	told    bool  // there has been an error event
	dropped bool  // by Drop: there is no error event for what follows
	cause   error // of the error event
}

// at returns the stage.
func (l *lifetime) at() stage { return stage(l.stage.Load()) }

func (l *lifetime) readyState() ReadyState { return readyStates[l.at()] }

// on makes the transition for ev, and reports whether there is one. The caller holds
// l.mu, as for all methods that change something.
func (l *lifetime) on(ev lifeEvent) bool {
	to := transitions[l.at()][ev]
	if to == 0 {
		return false
	}
	l.stage.Store(uint32(to))
	return true
}

// begin makes the transition for a new connection. It reports false if there is one.
func (l *lifetime) begin(role wire.Role) bool {
	if !l.on(startCalled) {
		return false
	}
	l.role, l.end = role, nil
	return true
}

// theEnd returns l.end for writing.
func (l *lifetime) theEnd() *ending {
	if l.end == nil {
		l.end = &ending{code: StatusAbnormalClosure}
	}
	return l.end
}

// because keeps the first cause for an error event.
func (l *lifetime) because(err error) {
	if err == nil {
		return
	}
	if end := l.theEnd(); end.cause == nil && !end.dropped {
		end.cause = err
	}
}

// cause returns what because has kept.
func (l *lifetime) cause() error {
	if l.end == nil {
		return nil
	}
	return l.end.cause
}

// fails is because, with the lock.
func (l *lifetime) fails(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.because(err)
}

// failure is cause, with the lock.
func (l *lifetime) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause()
}

// ends is on for what decides on the code and the reason of the close event.
func (l *lifetime) ends(ev lifeEvent, code StatusCode, reason string) bool {
	if !l.on(ev) {
		return false
	}
	end := l.theEnd()
	end.code, end.reason, end.clean = code, reason, ev == closeReceived
	return true
}

// drop is the transition for Drop. notOpen is
// the cause if the connection is not open yet. It reports false if there is nothing to
// end.
func (l *lifetime) drop(code StatusCode, reason string, notOpen error) bool {
	switch l.at() {
	case stageOver, stageClosed:
		return false
	case stageConnecting, stageAccepting:
		l.because(notOpen)
		l.on(dropCalled)
	case stageUnwritable, stageAborted:
		l.on(dropCalled)
	default:
		l.ends(dropCalled, code, reason)
		l.end.dropped, l.end.cause = true, nil
	}
	return true
}

// endsWith is for the end of the peer's stream, which some versions use in place of a
// close frame: the code is 1006 for an end that was not to be expected.
func (l *lifetime) endsWith(code StatusCode, err error) {
	expected := code != StatusAbnormalClosure
	switch stage := l.at(); {
	case expected && (stage == stageFailed || stage == stageCloseReceived): // what there is to say is known
	case !l.on(streamEnded) || !expected:
		l.because(err)
	default:
		end := l.theEnd()
		end.code, end.clean, end.stream = code, true, true
	}
}

// tells reports whether there may be an error event for err, which is the last one.
func (l *lifetime) tells(err error) bool {
	end := l.theEnd()
	if err == nil || end.told {
		return false
	}
	end.told = true
	return true
}
