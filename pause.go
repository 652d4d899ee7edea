package airsocket

// Pause stops reading from the connection: no more messages are delivered, TCP's
// flow control holds up the sender, and neither pings nor the end of the connection
// are noticed until Resume is called (WebSocket-Node's pause). Pause takes effect
// at the next message. It does nothing if the socket is paused or is not open.
func (s *Socket) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadyState() == StateOpen && !s.flags.has(paused) {
		s.makeExtras().resumed = make(chan struct{})
		s.flags.set(paused)
	}
}

// Resume continues reading after Pause (WebSocket-Node's resume).
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

// waitPaused makes the reader wait while the socket is paused. The reader must not
// hold the turn.
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
