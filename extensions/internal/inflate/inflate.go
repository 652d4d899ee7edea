// Package inflate decodes DEFLATE (RFC 1951) that arrives in messages, or in pieces
// of a stream. Each message or piece is in memory as a whole, and ends where its
// sender has flushed.
//
// [Append] decodes a message into a slice, with a limit. A [Stream] decodes a stream
// piece by piece. Both are faster than a decoder that reads from an io.Reader, which
// spends most of the time for a small message on setting up. Between two messages a
// connection keeps only a [Window]; the decoders are shared by all connections.
package inflate

import "errors"

var (
	// ErrCorrupt is returned when the input is not valid DEFLATE, or does not
	// end where a sender can have flushed.
	ErrCorrupt = errors.New("inflate: the data is corrupt")
	// ErrTooLong is returned when the output would be longer than the limit.
	ErrTooLong = errors.New("inflate: the result is longer than the limit")
)

// MaxWindow is the longest distance of a match, and so the largest useful size of
// a Window.
const MaxWindow = 1 << 15

// usualRatio is a usual ratio of the lengths of output and input. It determines how
// much memory Append reserves at first.
const usualRatio = 4

// Append decodes the message p, appends the result to dst and returns the extended
// slice. Matches reach back at most size bytes. If past is not nil, matches may reach
// into it, and the decoded message is added to it.
//
// The message may consist of any number of blocks and of whole streams. It ends
// with a complete block, or with a sync flush that lacks its last four bytes,
// 00 00 FF FF. If limit is positive and the message decodes to more than limit bytes,
// Append returns ErrTooLong. On an error the result is nil.
func Append(dst, p []byte, size int, past *Window, limit int) ([]byte, error) {
	z := getInflater(size, past)
	defer z.free()
	z.in = p
	base, o := len(dst), 0
	want := usualRatio * len(p)
	for {
		out := dst[:cap(dst)]
		if limit > 0 && len(out)-base > limit {
			out = out[:base+limit]
		}
		var st status
		o, st = z.run(out[base:], o)
		dst = dst[:base+o]
		switch {
		case st == full && limit > 0 && o == limit:
			return nil, ErrTooLong
		case st == full:
			if limit > 0 { // a guess beyond it is cut to it
				want = max(want, guess(o, len(p), len(z.in), limit))
			}
			dst = reserve(dst, base, max(want, 2*o, 512), limit)
			continue
		case st == corrupt || !z.atFlush():
			return nil, ErrCorrupt
		}
		if past != nil {
			past.Add(dst[base:])
		}
		return dst, nil
	}
}

// guess returns how long the result will be if the rest of the n bytes of input, of which
// left are left, inflates as well as what has become o bytes. A long result is then not
// copied each time that it has doubled.
func guess(o, n, left, limit int) int {
	// A quarter more, because the input begins with the tables of its codes.
	return int(min(1.25*float64(o)/float64(n-left+1)*float64(n), float64(limit)))
}

// reserve returns dst with capacity for n bytes after base, or for about limit bytes
// if that is less.
func reserve(dst []byte, base, n, limit int) []byte {
	if limit > 0 && n > limit-limit/4 {
		n = limit // reserving less would soon cause another copy
	}
	grown := make([]byte, len(dst), base+n)
	copy(grown, dst)
	return grown
}
