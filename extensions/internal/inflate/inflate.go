// Package inflate decodes DEFLATE (RFC 1951) that arrives in messages or in
// pieces of a stream, each of which stands in memory as a whole and ends where
// its sender has flushed.
//
// [Append] decodes a message into a slice, with a limit, and a [Stream] goes on
// from piece to piece. Both are faster than a decoder behind an io.Reader, for
// which a small message is all set-up, and keep nothing of a connection between
// two messages but a [Window]; the decoders themselves are shared.
package inflate

import "errors"

var (
	// ErrCorrupt is returned when the input is not DEFLATE, or does not end
	// where a sender can have flushed.
	ErrCorrupt = errors.New("inflate: the data is corrupt")
	// ErrTooLong is returned when the output would be longer than the limit.
	ErrTooLong = errors.New("inflate: the result is longer than the limit")
)

// MaxWindow is the longest distance of a match, and so the largest useful size of
// a Window.
const MaxWindow = 1 << 15

// usualRatio is how many times longer than its input an output is often. That
// much memory is reserved at once.
const usualRatio = 4

// Append appends to dst what the message p decodes to, and returns the result.
// Matches reach back at most size bytes. With a past they reach into earlier
// messages, and the result becomes a part of it; past may be nil.
//
// The message may consist of any number of blocks and of whole streams. It ends
// with a complete block, or with a sync flush that lacks its last four bytes,
// 00 00 FF FF. If limit is positive, no more than limit bytes are made, and the
// error is ErrTooLong for a longer message. On an error the result is nil.
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

// reserve gives dst capacity for n bytes from base on, or for limit if that is less.
func reserve(dst []byte, base, n, limit int) []byte {
	if limit > 0 && n > limit-limit/4 {
		n = limit // rather than copy everything once more for so little
	}
	grown := make([]byte, len(dst), base+n)
	copy(grown, dst)
	return grown
}
