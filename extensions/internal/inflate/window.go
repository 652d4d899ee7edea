package inflate

// A Window is the end of what has passed through a stream, to which DEFLATE
// refers back. Its memory grows with what passes, up to its size.
type Window struct {
	buf  []byte // a ring once it is full
	pos  int    // where the oldest byte of a full ring is
	size int    // at most MaxWindow
}

// NewWindow returns an empty Window of at most size bytes.
func NewWindow(size int) *Window { return &Window{size: size} }

// Len returns how many bytes w holds.
func (w *Window) Len() int { return len(w.buf) }

// smallestWindow is the capacity that a Window begins with.
const smallestWindow = 512

// Add appends p and forgets what is further back than the size.
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

// since returns what begins n bytes back from the end, up to the seam of the
// ring. It is empty if n is more than there is.
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

// AppendTo appends what w holds to dst.
func (w *Window) AppendTo(dst []byte) []byte {
	n := len(w.buf)
	if n > w.pos {
		dst = append(dst, w.buf[len(w.buf)-n+w.pos:]...)
		n = w.pos
	}
	return append(dst, w.buf[w.pos-n:w.pos]...)
}
