package airsocket

import (
	"log/slog"
	"time"
)

// turnKind says what a turn of a Socket is for, in the warning about a slow one.
type turnKind uint8

const (
	receiveTurn turnKind = iota // messages, and whatever else a read has brought
	openTurn
	closeTurn
	drainTurn
	certificateTurn
	connectTurn // OnConnect of a Server
	requestTurn // OnRequest of a Server
)

var turnNames = [...]string{"receive", "open", "close", "drain", "certificateError", "connect", "request"}

// enter takes the turn for handlers of s and leave ends it, so that a function
// that has a turn begins with
//
//	defer s.leave(s.enter(), openTurn, false)
//
// and others get on even if a handler ends its goroutine, as a failing test does.
func (s *Socket) enter() (at time.Duration) {
	s.disp.enter()
	if s.opts.slowTurn > 0 {
		at = turnClock()
	}
	return at
}

func (s *Socket) leave(at time.Duration, kind turnKind, serving bool) {
	if s.disp.turnEnd != nil {
		s.disp.callTurnEnd()
	}
	if s.opts.slowTurn > 0 {
		s.leaveWatched(at, kind, serving)
	} else {
		s.disp.leave(s.served(serving))
	}
}

// served returns the sender if the connection is being served, and nil otherwise.
func (s *Socket) served(serving bool) *sender {
	if serving {
		return &s.sender
	}
	return nil
}

// do runs fn in a turn.
func (s *Socket) do(kind turnKind, fn func()) {
	defer s.leave(s.enter(), kind, false)
	fn()
}

// leaveWatched is apart so that the frame of leave stays small; see readable.
//
//go:noinline
func (s *Socket) leaveWatched(at time.Duration, kind turnKind, serving bool) {
	took := turnClock() - at
	s.disp.leave(s.served(serving))
	if took > s.opts.slowTurn {
		s.opts.log.Warn("websocket slow turn", slog.String("turn", turnNames[kind]), slog.Duration("took", took), slog.String("remote", remoteOf(s.Conn())))
	}
}

// turnClock returns the time on a clock that measures turns, as one word: a
// time.Time would be three, in a stack frame that every message uses. Only
// differences within one turn mean something: a turn stays in one bubble.
func turnClock() time.Duration { return time.Since(turnEpoch) }

var turnEpoch = time.Now()
