package connect

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errLineTooLong is returned for a line of input that is longer than
// -max-message.
var errLineTooLong = errors.New("a line of the input is longer than -max-message")

// A batch is a part of the input: lines without their line ends, and the error
// that ended the input, if any.
type batch struct {
	lines []string
	err   error // io.EOF at the end
}

// inputSize is how many bytes of the input are read ahead.
const inputSize = 64 << 10

// readLines reads lines and calls give with them until give returns false or
// the input ends. Each batch holds the next line and those that are already
// buffered. If limit is positive, readLines stops at a line that is longer than
// limit bytes. The last line need not have a line end. Nothing is read while
// give runs.
func readLines(r io.Reader, limit int, give func(batch) (more bool)) {
	in := bufio.NewReaderSize(r, inputSize)
	for {
		var b batch
		for {
			line, ok, err := readLine(in, limit)
			if ok {
				b.lines = append(b.lines, line)
			}
			b.err = err
			if err != nil || !lineBuffered(in) {
				break
			}
		}
		if !give(b) || b.err != nil {
			return
		}
	}
}

// lineBuffered reports whether a whole line can be read without waiting.
func lineBuffered(in *bufio.Reader) bool {
	p, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(p, '\n') >= 0
}

// readLine reads a line and returns it without its line end. ok reports whether
// there is a line; it may be true even if err is not nil, for a last line
// without a line end.
func readLine(in *bufio.Reader, limit int) (line string, ok bool, err error) {
	var long []byte
	for {
		p, err := in.ReadSlice('\n')
		size := len(long) + len(p)
		if err == nil {
			size--
		}
		if limit > 0 && size > limit {
			return "", false, errLineTooLong
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
