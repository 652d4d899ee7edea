package airsocket

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"
)

// ErrServerBuffered is reported when the connection was closed because all sockets of its
// Server together had more than Server.MaxBuffered bytes, and it had the most.
var ErrServerBuffered = errors.New("airsocket: the sockets hold more than Server.MaxBuffered bytes, and this one the most")

// A backlogSum counts the bytes that wait in all sockets of a Server. Senders and readers
// report only what waits for the system, for the rest of a message or for Resume, not each
// message.
type backlogSum struct {
	bytes   atomic.Int64
	closing atomic.Bool  // a goroutine looks for sockets to close
	next    atomic.Int64 // nobody looks again below this; 0 unless the last one has found too few
	looks   atomic.Int32 // how often one has looked, for tests
}

// A share is what one Socket has of the backlogSum of its Server. Both are negative when
// nothing is counted any more.
type share struct {
	sending  atomic.Int64 // what waits to be sent
	received atomic.Int64 // of a message that is not complete, or kept while reading is held up
}

// share returns what s has of the sum of its Server, or nil if there is no bound.
func (s *Socket) share() *share {
	if s.server == nil || s.server.MaxBuffered <= 0 {
		return nil
	}
	x := s.makeLimits()
	if x.share.Load() == nil {
		x.share.CompareAndSwap(nil, new(share))
	}
	return x.share.Load()
}

// addToSum changes the sum. Above the bound, one goroutine at a time looks for sockets to close.
func (srv *Server) addToSum(n int64) {
	sum, bound := &srv.sum, int64(srv.MaxBuffered)
	if all := sum.bytes.Add(n); n > 0 && all > max(bound, sum.next.Load()) && sum.closing.CompareAndSwap(false, true) {
		go srv.closeLargest()
	}
}

// closeLargest closes the sockets that have most, until no more than 90 % of the bound is
// left. It goes through all sockets only once for that, so it is not called again before
// there is a tenth of the bound more.
func (srv *Server) closeLargest() {
	sum, bound := &srv.sum, int64(srv.MaxBuffered)
	for {
		if sum.bytes.Load() > max(bound, sum.next.Load()) {
			sum.looks.Add(1)
			srv.closeLargestOf(srv.sockets.snapshot(), bound)
			if left := sum.bytes.Load(); left > bound {
				sum.next.Store(left + bound/10)
			} else {
				sum.next.Store(0)
			}
		}
		sum.closing.Store(false)
		if sum.bytes.Load() <= max(bound, sum.next.Load()) || !sum.closing.CompareAndSwap(false, true) {
			return
		}
	}
}

func (srv *Server) closeLargestOf(all []*Socket, bound int64) {
	defer srv.sockets.giveBack(all)
	type holder struct {
		s     *Socket
		bytes int64
	}
	var holders []holder
	for _, s := range all {
		if n := s.shared(); n > 0 {
			holders = append(holders, holder{s, n})
		}
	}
	slices.SortFunc(holders, func(a, b holder) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, h := range holders {
		if srv.sum.bytes.Load() <= bound-bound/10 {
			return
		}
		h.s.giveUpShare()
	}
}

// shared returns how much s has of the sum.
func (s *Socket) shared() int64 {
	sh := s.limits().share.Load()
	if sh == nil {
		return 0
	}
	return max(sh.sending.Load(), 0) + max(sh.received.Load(), 0)
}

// giveUpShare closes the connection with status code 1008, and takes what it had from the sum
// at once: what is to be sent is released here, and what was received when the goroutine that
// serves the connection notices.
func (s *Socket) giveUpShare() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.life.because(ErrServerBuffered)
	s.life.ends(aborted, StatusPolicyViolation, "the server has too much to hold")
	s.sender.sendClose(closeFrame(StatusPolicyViolation, "the server has too much to hold"), false)
	s.sender.flushNow()
	s.cutLocked()
	s.sender.forsake()
	s.endShare()
}

// count sets v, which is a part of the share of a Socket, to n.
func (srv *Server) count(v *atomic.Int64, n int64) {
	for {
		was := v.Load()
		if was < 0 || was == n {
			return
		}
		if v.CompareAndSwap(was, n) {
			srv.addToSum(max(n, 0) - was)
			return
		}
	}
}

// waits records that n bytes of s wait to be sent. The sender's lock is held.
func (s *Socket) waits(n int) {
	if sh := s.share(); sh != nil {
		s.server.count(&sh.sending, int64(n))
	}
}

// noteReceived records how much memory holds what was received and is not delivered. Only the
// goroutine that serves the connection calls it, after a turn.
//
//go:noinline
func (s *Socket) noteReceived() {
	n := s.reader.dec.Collected() + s.reader.kept.size()
	s.undelivered = n > 0
	if sh := s.share(); sh != nil {
		s.server.count(&sh.received, int64(n))
	}
}

// endShare takes what is left of s from the sum. Nothing of s is counted after that: when it
// connects again, the Server has nothing to do with it.
func (s *Socket) endShare() {
	if sh := s.share(); sh != nil {
		s.server.count(&sh.sending, -1)
		s.server.count(&sh.received, -1)
	}
}
