package inflate

// A Window holds the most recent bytes of a stream, to which DEFLATE refers back. Its
// memory grows with the stream, up to its size.
type Window struct {
	buf  []byte // a ring once it is full
	pos  int    // index of the oldest byte of a full ring
	size int    // at most MaxWindow
}

// NewWindow returns an empty Window of at most size bytes.
func NewWindow(size int) *Window { return &Window{size: size} }

// Len returns how many bytes w holds.
func (w *Window) Len() int { return len(w.buf) }

// smallestWindow is the initial capacity of a Window.
const smallestWindow = 512

// Add appends p, and discards the oldest bytes beyond the size of w.
func (w *Window) Add(p []byte) {
	if len(p) >= w.size {
		if cap(w.buf) < w.size {
			w.buf = make([]byte, w.size)
		}
		w.buf, w.pos = w.buf[:w.size], 0
		copy(w.buf, p[len(p)-w.size:])
		return
	}
	if free := w.size - len(w.buf); free > 0 {
		n := min(len(p), free)
		w.grow(len(w.buf) + n)
		w.buf = append(w.buf, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(w.buf[w.pos:], p)
		p = p[n:]
		if w.pos += n; w.pos == w.size {
			w.pos = 0
		}
	}
}

func (w *Window) grow(n int) {
	if n <= cap(w.buf) {
		return
	}
	buf := make([]byte, len(w.buf), min(w.size, max(n, 2*cap(w.buf), smallestWindow)))
	copy(buf, w.buf)
	w.buf = buf
}

// since returns the bytes that begin n bytes before the end, up to the end or to the
// wraparound of the ring. It returns nil if w holds less than n bytes.
func (w *Window) since(n int) []byte {
	if n > len(w.buf) {
		return nil
	}
	at := w.pos - n
	if at >= 0 {
		return w.buf[at:w.pos]
	}
	return w.buf[at+len(w.buf):]
}

// AppendTo appends the bytes of w to dst.
func (w *Window) AppendTo(dst []byte) []byte {
	n := len(w.buf)
	if n > w.pos {
		dst = append(dst, w.buf[len(w.buf)-n+w.pos:]...)
		n = w.pos
	}
	return append(dst, w.buf[w.pos-n:w.pos]...)
}
