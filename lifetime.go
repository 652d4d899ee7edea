package airsocket

import (
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/wire"
)

// A ReadyState is the state of a Socket (WHATWG readyState).
type ReadyState uint32

// The states, with the values that the browser uses.
const (
	StateConnecting ReadyState = 0 // the opening handshake is under way
	StateOpen       ReadyState = 1 // messages can be sent
	StateClosing    ReadyState = 2 // the closing handshake is under way
	StateClosed     ReadyState = 3 // the connection is gone, or could not be opened
	StateInit       ReadyState = 4 // not started yet
)

// A stage is where a connection is in its life. The package documentation has a drawing
// of the stages.
type stage uint32

const (
	_               stage = iota // in transitions: no change
	stageNew                     // not started
	stageConnecting              // the opening handshake is under way
	stageAccepting               // a server has read the request, but is not open yet
	stageOpen
	stageUnwritable    // writing has failed, but what was received is still delivered
	stageCloseSent     // Close was called, and the peer has not answered
	stageCloseReceived // the peer has sent a close frame, and has been answered
	stageFailed        // this end has failed the connection with a close frame
	stageEnded         // the peer's stream has ended, or reading it has failed
	stageDropped       // Drop was called
	stageAborted       // this end has ended the connection without a close frame
	stageOver          // nothing more is read and written: the close event follows
	stageClosed        // the close event has begun, or there is none
	stages
)

// readyStates holds the ReadyState of each stage.
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

// A lifeEvent is something that may change the stage of a connection.
type lifeEvent uint8

const (
	startCalled     lifeEvent = iota // Connect, StartServer, Upgrade, or Options.Reconnect
	requestRead                      // a server has read a request that it may accept
	opened                           // the opening handshake is done
	closeCalled                      // Close
	dropCalled                       // Drop
	closeReceived                    // a close frame
	ruleBroken                       // the peer has broken a rule, or IdleTimeout or MessageTimeout has passed
	handlerPanicked                  // with Options.Recover
	streamEnded                      // the peer has ended its stream, or reading has failed
	writeFailed                      // the connection cannot be written to
	aborted                          // Server.Close, Close while connecting, or another timeout
	disconnected                     // nothing more is read or written
	finished                         // the close event begins
	withdrawn                        // the start is undone, without events
	lifeEvents
)

// transitions holds all changes of the stage. Where it has no entry a lifeEvent changes
// nothing: the first reason for which a connection ends determines the close event.
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
	stageAccepting: { // Close takes effect when the connection is open
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

// A lifetime holds the stage of a connection and, once something ends the connection,
// how it ends.
type lifetime struct {
	// mu guards the fields below, and the opening of the Socket. The
	// sender's lock may be taken while mu is held, never the other way round.
	mu    sync.Mutex
	stage atomic.Uint32 // changes under mu
	role  wire.Role
	end   *ending // nil until something ends the connection
}

// An ending describes how a connection ends.
type ending struct {
	code    StatusCode
	reason  string
	clean   bool  // the peer has closed the connection as its version requires
	stream  bool  // by ending its stream, without a close frame
	silent  bool  // the close event is omitted
	told    bool  // the error event has been emitted, or is about to be
	dropped bool  // by Drop: no error event follows
	failed  bool  // this end has failed the connection
	cause   error // that the error event reports
}

// at returns the stage.
func (l *lifetime) at() stage { return stage(l.stage.Load()) }

func (l *lifetime) readyState() ReadyState { return readyStates[l.at()] }

// on makes the transition for ev, and reports whether there is one. The caller holds
// l.mu, as for all methods that change l, except fails.
func (l *lifetime) on(ev lifeEvent) bool {
	to := transitions[l.at()][ev]
	if to == 0 {
		return false
	}
	l.stage.Store(uint32(to))
	return true
}

// allows reports whether on would make a transition for ev.
func (l *lifetime) allows(ev lifeEvent) bool { return transitions[l.at()][ev] != 0 }

// begin makes the transition to a new connection in the given role. It reports false if
// there already is a connection.
func (l *lifetime) begin(role wire.Role) bool {
	if !l.on(startCalled) {
		return false
	}
	l.role, l.end = role, nil
	return true
}

// theEnd returns l.end, which it creates if it is nil.
func (l *lifetime) theEnd() *ending {
	if l.end == nil {
		l.end = &ending{code: StatusAbnormalClosure}
	}
	return l.end
}

// because records err as the cause that the error event reports. Only the first error
// counts, and none after Drop.
func (l *lifetime) because(err error) {
	if err == nil {
		return
	}
	if end := l.theEnd(); end.cause == nil && !end.dropped {
		end.cause = err
	}
}

// cause returns the error that because has recorded. The caller holds l.mu.
func (l *lifetime) cause() error {
	if l.end == nil {
		return nil
	}
	return l.end.cause
}

// fails is like because, but takes l.mu itself.
func (l *lifetime) fails(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.because(err)
}

// failure is like cause, but takes l.mu itself.
func (l *lifetime) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause()
}

// ends is like on, for an event that determines the code and the reason of the close
// event.
func (l *lifetime) ends(ev lifeEvent, code StatusCode, reason string) bool {
	if !l.on(ev) {
		return false
	}
	end := l.theEnd()
	end.code, end.reason, end.clean = code, reason, ev == closeReceived
	end.failed = ev == ruleBroken || ev == handlerPanicked
	return true
}

// drop makes the transition for Drop. If the connection is not open yet, cause is
// recorded as the cause. drop reports false if there is nothing to end.
func (l *lifetime) drop(code StatusCode, reason string, cause error) bool {
	switch l.at() {
	case stageOver, stageClosed:
		return false
	case stageConnecting, stageAccepting:
		l.because(cause)
		l.on(dropCalled)
	case stageUnwritable, stageAborted:
		l.on(dropCalled)
	default:
		l.ends(dropCalled, code, reason)
		l.end.dropped, l.end.cause = true, nil
	}
	return true
}

// endsWith makes the transition for the end of the peer's stream, which takes the place
// of a close frame in some versions. If the end was unexpected, code is 1006 and err is
// the cause.
func (l *lifetime) endsWith(code StatusCode, err error) {
	expected := code != StatusAbnormalClosure
	switch stage := l.at(); {
	// The close event is already determined.
	case expected && (stage == stageFailed || stage == stageCloseReceived):
	case !l.on(streamEnded) || !expected:
		l.because(err)
	default:
		end := l.theEnd()
		end.code, end.clean, end.stream = code, true, true
	}
}

// tells reports whether an error event is to be emitted for err, and records that it
// is: a connection has at most one.
func (l *lifetime) tells(err error) bool {
	end := l.theEnd()
	if err == nil || end.told {
		return false
	}
	end.told = true
	return true
}
