package connect

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errTooLong is returned for a message of the input that is longer than -max-message.
var errTooLong = errors.New("a message of the input is longer than -max-message")

// inputSize is how many bytes of the input are read ahead, and the length of the longest
// message of readChunks.
const inputSize = 64 << 10

// A give function receives parts of the input, and the error that ended the input, if any:
// io.EOF at the end. The reader goes on if it returns true. Nothing is read while it runs.
type give func(items []string, err error) (more bool)

// readItems reads items that end with the byte end, and calls give with them until it
// returns false or the input ends. Each call has the next item and those that are already
// buffered. If limit is positive, readItems stops at an item that is longer than limit
// bytes. The end of the last item may be missing.
func readItems(r io.Reader, end byte, limit int, give give) {
	in := bufio.NewReaderSize(r, inputSize)
	for {
		var items []string
		var err error
		for {
			var item string
			var ok bool
			item, ok, err = readItem(in, end, limit)
			if ok {
				items = append(items, item)
			}
			if err != nil || !itemBuffered(in, end) {
				break
			}
		}
		if !give(items, err) || err != nil {
			return
		}
	}
}

// itemBuffered reports whether a whole item can be read without waiting.
func itemBuffered(in *bufio.Reader, end byte) bool {
	p, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(p, end) >= 0
}

// readItem reads an item and returns it without its end. ok reports whether there is an
// item; it may be true even if err is not nil, for a last item without an end.
func readItem(in *bufio.Reader, end byte, limit int) (item string, ok bool, err error) {
	var long []byte
	for {
		p, err := in.ReadSlice(end)
		size := len(long) + len(p)
		if err == nil {
			size--
		}
		if limit > 0 && size > limit {
			return "", false, errTooLong
		}
		switch {
		case err == nil && long == nil:
			return string(p[:size]), true, nil
		case err == nil:
			return string(append(long, p[:len(p)-1]...)), true, nil
		case err != bufio.ErrBufferFull:
			return string(append(long, p...)), size > 0, err
		}
		long = append(long, p...)
	}
}

// readWhole reads all of the input as one item, even if it is empty.
func readWhole(r io.Reader, limit int, give give) {
	if limit > 0 {
		r = io.LimitReader(r, int64(limit)+1)
	}
	p, err := io.ReadAll(r)
	switch {
	case err != nil:
		give(nil, err)
	case limit > 0 && len(p) > limit:
		give(nil, errTooLong)
	default:
		give([]string{string(p)}, io.EOF)
	}
}

// readChunks reads the input as it comes: what a call of Read returns is an item, of at most
// inputSize and, if it is positive, limit bytes.
func readChunks(r io.Reader, limit int, give give) {
	size := inputSize
	if limit > 0 {
		size = min(size, limit)
	}
	buf := make([]byte, size)
	for {
		n, err := r.Read(buf)
		var items []string
		if n > 0 {
			items = []string{string(buf[:n])}
		}
		if (n > 0 || err != nil) && (!give(items, err) || err != nil) {
			return
		}
	}
}
