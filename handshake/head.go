package handshake

import "strings"

// The limits that a zero MaxHead and MaxLines stand for.
const (
	DefaultMaxHead  = 16 << 10 // bytes
	DefaultMaxLines = 100
)

// limits are those of a head, resolved: none is the greatest int.
type limits struct{ bytes, lines int }

func newLimits(bytes, lines int) limits {
	const none = int(^uint(0) >> 1)
	l := limits{bytes, lines}
	if bytes == 0 {
		l.bytes = DefaultMaxHead
	} else if bytes < 0 {
		l.bytes = none
	}
	if lines == 0 {
		l.lines = DefaultMaxLines
	} else if lines < 0 {
		l.lines = none
	}
	return l
}

// head finds the end of the head of an HTTP message, in one pass over the bytes
// as they come. Nothing is copied of a head that comes in one piece.
type head struct {
	buf   []byte // what has come of it so far
	seen  int    // how much of it is known to be good
	line  int    // where the line begins that seen is in
	lines int    // how many are complete
}

// feed looks for the end of the head. Text is the whole of it including the
// empty line, and nil as long as it is not complete; it is a view of p if all
// of it was there. Rest is the part of p that follows. What comes of the first
// line is shown to start, once more when it is whole.
func (h *head) feed(p []byte, l limits, start func(line []byte, whole bool) error) (text, rest []byte, err error) {
	had := len(h.buf)
	take := p[:min(len(p), l.bytes-had)]
	data := take
	if had > 0 {
		h.buf = append(h.buf, take...)
		data = h.buf
	}
	end, err := h.scan(data, l, start)
	switch {
	case err != nil:
		return nil, nil, err
	case end > 0:
		return data[:end], p[end-had:], nil
	case len(data) == l.bytes:
		return nil, nil, ErrHeadTooLarge
	case had == 0:
		h.buf = append(h.buf, data...)
	}
	return nil, nil, nil
}

// scan returns the index after the empty line that ends the head, or 0.
func (h *head) scan(data []byte, l limits, start func(line []byte, whole bool) error) (int, error) {
	for {
		i := h.seen
		for i < len(data) && !isControl(data[i]) {
			i++
		}
		h.seen = i
		if i == len(data) || data[i] == '\r' && i+1 == len(data) {
			break // whether a CR ends a line is told by the next byte
		}
		if data[i] != '\r' || data[i+1] != '\n' {
			return 0, h.misplaced(data, start)
		}
		line := data[h.line:i]
		h.seen = i + 2
		h.line = i + 2
		if len(line) == 0 && h.lines > 0 {
			return h.seen, nil
		}
		if h.lines++; h.lines > l.lines {
			return 0, ErrTooManyLines
		}
		if h.lines == 1 {
			if err := start(line, true); err != nil {
				return 0, err
			}
		}
	}
	if h.lines == 0 {
		return 0, start(data[:h.seen], false)
	}
	return 0, nil
}

// misplaced is the error for the control character at seen. In the first line
// it may be better called what it shows: that this is another protocol, as TLS.
func (h *head) misplaced(data []byte, start func(line []byte, whole bool) error) error {
	if h.lines == 0 {
		if err := start(data[:h.seen+1], false); err != nil {
			return err
		}
	}
	if c := data[h.seen]; c == '\r' || c == '\n' {
		return ErrLineEnd
	}
	return ErrControl
}

// release forgets the bytes.
func (h *head) release() { h.buf = nil }

// parseFields makes a Header of text, which is a head without its first line.
// Lines are known to end in CR LF and to hold no control characters.
func parseFields(text string, lines int) (Header, error) {
	h := make(Header, 0, lines)
	for {
		end := strings.IndexByte(text, '\r')
		if end <= 0 {
			return h, nil
		}
		line := text[:end]
		// A space before the colon, or at the start of a line that would
		// continue the one before, makes the name no token: two readers of
		// such a head would see different fields (RFC 9112, 5.1 and 5.2).
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, ErrFieldSyntax
		}
		h = append(h, Field{name, trim(value)})
		text = text[end+len("\r\n"):]
	}
}
