package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errLineTooLong is a line of input that is no message for -max-message.
var errLineTooLong = errors.New("a line of the input is longer than -max-message")

// A batch is a part of the input: lines without their line ends, and what
// ended the input, if it has ended.
type batch struct {
	lines []string
	err   error // io.EOF at the end
}

// inputSize is how much of the input is read ahead.
const inputSize = 64 << 10

// readLines reads lines of at most limit bytes (none if limit is 0 or less) and
// gives them away, as many at a time as there are, until give says that no
// more are wanted. The last line need not have a line end. Nothing is read
// while give has not returned.
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

// readLine reads a line. With an error there may be one too: what came last.
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
