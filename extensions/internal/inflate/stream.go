package inflate

// A Stream decodes one DEFLATE stream without end, piece by piece. It keeps the
// window, and a decoder only while a block is unfinished. The zero value is not
// usable; call [Stream.Init]. It is not safe for concurrent use.
type Stream struct {
	past     Window
	inflater *inflater // only while a block is unfinished
	in       []byte    // lent, if there is no inflater
	bits     uint8     // read, but not yet used, if there is no inflater
	nbits    uint8
	corrupt  bool
}

// Init makes s ready for the beginning of a stream whose matches reach back at
// most size bytes.
func (s *Stream) Init(size int) { *s = Stream{past: *NewWindow(size)} }

// Feed lends s the next piece of the stream, until Read has returned 0 and no error.
func (s *Stream) Feed(p []byte) {
	if s.inflater != nil {
		s.inflater.in = p
	} else {
		s.in = p
	}
}

// Read decodes into dst. It returns 0 and no error when what was fed is used up,
// and ErrCorrupt when what was fed is not DEFLATE.
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

// resume borrows an inflater, and pause gives it back between two blocks. A
// sender that has flushed is there, so that an idle stream has none.
func (s *Stream) resume() {
	z := getInflater(s.past.size, &s.past)
	z.in, z.bits, z.nbits = s.in, uint64(s.bits), uint(s.nbits)
	s.inflater, s.in = z, nil
}

func (s *Stream) pause() {
	z := s.inflater
	s.nbits = uint8(z.nbits)
	s.bits = uint8(z.take(z.nbits))
	s.Close()
}

// Close gives back what s has borrowed.
func (s *Stream) Close() {
	if s.inflater != nil {
		s.inflater.free()
		s.inflater = nil
	}
}
