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
//	defer s.leave(s.enter(), openTurn, noFD)
//
// and others get on even if a handler ends its goroutine, as a failing test does.
func (s *Socket) enter() (at time.Duration) {
	s.disp.enter()
	if s.opts.slowTurn > 0 {
		at = turnClock()
	}
	return at
}

func (s *Socket) leave(at time.Duration, kind turnKind, fd int) {
	if s.disp.turnEnd != nil {
		s.disp.callTurnEnd()
	}
	if s.opts.slowTurn > 0 {
		s.leaveWatched(at, kind, fd)
	} else {
		s.disp.leave(&s.sender, fd)
	}
}

// do runs fn in a turn.
func (s *Socket) do(kind turnKind, fn func()) {
	defer s.leave(s.enter(), kind, noFD)
	fn()
}

// leaveWatched is apart so that the frame of leave stays small; see readable.
//
//go:noinline
func (s *Socket) leaveWatched(at time.Duration, kind turnKind, fd int) {
	took := turnClock() - at
	s.disp.leave(&s.sender, fd)
	if took > s.opts.slowTurn {
		s.opts.log.Warn("websocket slow turn", slog.String("turn", turnNames[kind]), slog.Duration("took", took), slog.String("remote", remoteOf(s.Conn())))
	}
}

// turnClock returns the time on a clock that measures turns, as one word: a
// time.Time would be three, in a stack frame that every message uses. Only
// differences within one turn mean something: a turn stays in one bubble.
func turnClock() time.Duration { return time.Since(turnEpoch) }

var turnEpoch = time.Now()
