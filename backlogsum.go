package airsocket

import (
	"container/heap"
	"errors"
	"runtime"
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
	next    atomic.Int64 // nobody looks again up to this; 0 unless the last one has left more than the bound
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

// mostYields is how often one who adds something above the bound lets others go first.
const mostYields = 10_000

// addToSum changes the sum. Above the bound, one goroutine at a time looks for sockets to close,
// and those that add something let it go first: otherwise a handler that sends to many peers
// could add as much again before it is done. They do not wait for it, because they may have a
// lock that it needs.
func (srv *Server) addToSum(n int64) {
	sum, bound := &srv.sum, int64(srv.MaxBuffered)
	switch all := sum.bytes.Add(n); {
	case all <= bound:
		if sum.next.Load() != 0 {
			sum.next.Store(0)
		}
	case n > 0:
		if all > sum.next.Load() && sum.closing.CompareAndSwap(false, true) {
			go srv.closeLargest()
			runtime.Gosched()
		}
		for i := 0; i < mostYields && sum.closing.Load() && sum.bytes.Load() > bound+bound/20; i++ {
			runtime.Gosched()
		}
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
			sum.next.Store(sum.bytes.Load() + bound/10)
			if sum.bytes.Load() <= bound { // otherwise addToSum will see that
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
	var holders holderHeap
	for _, s := range all {
		if n := s.shared(); n > 0 {
			holders = append(holders, holder{s, n})
		}
	}
	heap.Init(&holders)
	for len(holders) > 0 && srv.sum.bytes.Load() > bound-bound/10 {
		s := holders[0].s
		heap.Pop(&holders)
		s.giveUpShare()
	}
}

// A holder is a Socket with what it had of the sum when closeLargest came to it.
type holder struct {
	s     *Socket
	bytes int64
}

// holderHeap is a heap for package container/heap. Its first holder has the most.
type holderHeap []holder

func (h holderHeap) Len() int           { return len(h) }
func (h holderHeap) Less(i, j int) bool { return h[i].bytes > h[j].bytes }
func (h holderHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *holderHeap) Push(x any)        { *h = append(*h, x.(holder)) }

// Pop returns nil, as returning the last holder would allocate memory.
func (h *holderHeap) Pop() any {
	*h = (*h)[:len(*h)-1]
	return nil
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
	if s.shared() == 0 {
		return // the connection has got rid of it meanwhile, or has ended, or is another one by now
	}
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
