package inflate

// A Stream decodes an endless DEFLATE stream piece by piece. It keeps the window,
// and a decoder only while a block is unfinished. Call [Stream.Init] before using a
// Stream. It is not safe for concurrent use.
type Stream struct {
	past     Window
	inflater *inflater // nil unless a block is unfinished
	in       []byte    // what was fed, if inflater is nil
	bits     uint8     // bits that were read but not used, if inflater is nil
	nbits    uint8
	corrupt  bool
}

// Init prepares s for a new stream, in which matches reach back at most size bytes.
func (s *Stream) Init(size int) { *s = Stream{past: *NewWindow(size)} }

// Feed gives s the next piece of the stream, which s uses until Read returns 0, nil.
func (s *Stream) Feed(p []byte) {
	if s.inflater != nil {
		s.inflater.in = p
	} else {
		s.in = p
	}
}

// Read decodes into dst. It returns 0, nil when everything that was fed has been
// decoded, and ErrCorrupt when the stream is not valid DEFLATE.
func (s *Stream) Read(dst []byte) (int, error) {
	if s.corrupt {
		return 0, ErrCorrupt
	}
	if s.inflater == nil {
		if len(s.in) == 0 {
			return 0, nil
		}
		s.resume()
	}
	n, st := s.inflater.run(dst, 0)
	s.past.Add(dst[:n])
	switch {
	case st == corrupt:
		s.corrupt = true
		s.Close()
		if n == 0 {
			return 0, ErrCorrupt
		}
	case st == dry && s.inflater.step == atBlock:
		s.pause()
	}
	return n, nil
}

// resume borrows an inflater from the pool.
func (s *Stream) resume() {
	z := getInflater(s.past.size, &s.past)
	z.in, z.bits, z.nbits = s.in, uint64(s.bits), uint(s.nbits)
	s.inflater, s.in = z, nil
}

// pause returns the inflater between two blocks. As every flush ends a block, an idle
// stream holds no inflater.
func (s *Stream) pause() {
	z := s.inflater
	s.nbits = uint8(z.nbits)
	s.bits = uint8(z.take(z.nbits))
	s.Close()
}

// Close returns the inflater of s, if it has one.
func (s *Stream) Close() {
	if s.inflater != nil {
		s.inflater.free()
		s.inflater = nil
	}
}
