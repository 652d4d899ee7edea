package airsocket

// Pause stops the reading: no more messages come, the sender is held up by
// TCP's flow control, and neither pings nor the end of the connection are
// noticed until Resume (WebSocket-Node's pause). It takes effect at the next
// message. Pausing twice does nothing, and neither does Pause unless the socket is
// open.
func (s *Socket) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadyState() == StateOpen && !s.flags.has(paused) {
		s.makeExtras().resumed = make(chan struct{})
		s.flags.set(paused)
	}
}

// Resume takes the reading up again (WebSocket-Node's resume).
func (s *Socket) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumeLocked()
}

func (s *Socket) resumeLocked() {
	if s.flags.has(paused) {
		s.flags.clear(paused)
		r := s.makeExtras()
		close(r.resumed)
		r.resumed = nil
	}
}

// waitPaused is where the reader waits while the socket is paused. It has no
// turn then.
func (s *Socket) waitPaused() {
	if !s.flags.has(paused) {
		return
	}
	s.mu.Lock()
	resumed := s.extras().resumed
	s.mu.Unlock()
	if resumed != nil {
		<-resumed
	}
}
