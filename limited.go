package airsocket

import "sync/atomic"

// A limited holds what a proxy has told, and what the limits need that few programs set.
// Each part is nil until it is needed.
type limited struct {
	told  *toldAddrs              // guarded by life.mu
	from  atomic.Pointer[address] // what counts the connection for its address
	pace  atomic.Pointer[pace]    // of the peer, with Options.RateLimit
	share atomic.Pointer[share]   // of what counts for Server.MaxBuffered
}

var notLimited limited

// limits returns the limited of s for reading.
func (s *Socket) limits() *limited {
	if x := s.extra.Load(); x != nil {
		if l := x.limited.Load(); l != nil {
			return l
		}
	}
	return &notLimited
}

// makeLimits returns the limited of s for writing.
func (s *Socket) makeLimits() *limited {
	x := s.makeExtra()
	if x.limited.Load() == nil {
		x.limited.CompareAndSwap(nil, new(limited))
	}
	return x.limited.Load()
}
