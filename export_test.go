package airsocket

// Queued returns how many connections wait for the turn of d without a goroutine.
func (d *Dispatcher) Queued() int { return int(d.queued.Load()) }

// HasClock reports whether a time has been set for s.
func (s *Socket) HasClock() bool { return s.clock.Load() != nil }

// Held returns how many bytes count for MaxBuffered.
func (srv *Server) Held() int64 { return srv.sum.bytes.Load() }

// Looks returns how often srv has looked for the largest sockets.
func (srv *Server) Looks() int { return int(srv.sum.looks.Load()) }

// GiveUpShare closes s as if the sum of its Server were exceeded and it had the most.
func (s *Socket) GiveUpShare() { s.giveUpShare() }

// Counted returns how many connections srv counts for addresses, and for how many addresses.
func (srv *Server) Counted() (conns, addresses int) {
	t := &srv.addresses
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.byKey {
		conns += int(a.conns)
	}
	return conns, len(t.byKey)
}
