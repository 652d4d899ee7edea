package airsocket

// Queued returns how many connections wait for the turn of d without a goroutine.
func (d *Dispatcher) Queued() int { return int(d.queued.Load()) }

// HasClock reports whether a time has been set for s.
func (s *Socket) HasClock() bool { return s.clock.Load() != nil }

// Held returns how many bytes count for MaxBuffered.
func (srv *Server) Held() int64 { return srv.sum.bytes.Load() }

// Looks returns how often srv has looked for the largest sockets.
func (srv *Server) Looks() int { return int(srv.sum.looks.Load()) }

// HoldDecoding takes all n decoding slots of d, or of all Parallel sockets if d is nil, until
// release is called.
func HoldDecoding(d *Dispatcher) (n int, release func()) {
	all := parallelDecoding
	if d != nil {
		slot := d.takeSlot() // which makes them
		slot.release()
		all = d.extra.decoding
	}
	for i := range all.slots {
		all.slots[i].Lock()
	}
	return len(all.slots), func() {
		for i := range all.slots {
			all.slots[i].Unlock()
		}
	}
}

// IsHeld reports whether s does not read.
func (s *Socket) IsHeld() bool { return s.reader.isHeld() }
