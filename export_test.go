package airsocket

// Queued returns how many connections wait for the turn of d without a goroutine.
func (d *Dispatcher) Queued() int { return int(d.queued.Load()) }

// HasClock reports whether a time has been set for s.
func (s *Socket) HasClock() bool { return s.clock.Load() != nil }
