package handshake

import "strings"

// The limits that apply if MaxHead and MaxLines are zero.
const (
	DefaultMaxHead  = 16 << 10 // bytes
	DefaultMaxLines = 100
)

// limits are the limits of a head. The largest int means no limit.
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

// A head finds the end of the head of an HTTP message, in one pass over the bytes as
// they arrive. It does not copy a head that arrives in one piece.
type head struct {
	buf   []byte // the bytes so far, unless the head arrived in one piece
	seen  int    // number of bytes that have been checked
	line  int    // start of the line that contains seen
	lines int    // number of complete lines
}

// feed looks for the end of the head. text is the complete head, including the empty
// line, or nil as long as the head is incomplete; if it arrived in one piece, text
// is a part of p. rest is the part of p after the head. feed calls start with the
// first line as far as it has arrived, and once more when the line is complete.
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
			break // the next byte decides whether a CR ends the line
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

// misplaced returns the error for the control character at seen. It calls start
// first, because a control character in the first line often means that the peer
// speaks another protocol, such as TLS.
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

// release frees the buffer.
func (h *head) release() { h.buf = nil }

// parseFields parses text, a head without its first line. Its lines must end in CR LF
// and contain no control characters.
func parseFields(text string, lines int) (Header, error) {
	h := make(Header, 0, lines)
	for {
		end := strings.IndexByte(text, '\r')
		if end <= 0 {
			return h, nil
		}
		line := text[:end]
		// With a space before the colon, or at the start of a folded line, the
		// name is not a token. Implementations would disagree about the
		// fields of such a head (RFC 9112, sections 5.1 and 5.2).
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, ErrFieldSyntax
		}
		h = append(h, Field{name, trim(value)})
		text = text[end+len("\r\n"):]
	}
}
