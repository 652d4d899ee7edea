package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
)

// errLongLine is returned for a line that is longer than allowed.
var errLongLine = errors.New("the line is too long")

// lines reads lines, without their ends.
type lines struct {
	r    *bufio.Reader
	max  int // bytes in a line; negative: no limit
	line []byte
}

func newLines(r io.Reader, most int) *lines { return &lines{r: bufio.NewReader(r), max: most} }

// next returns the next line, which is valid until the next call. The last line needs no
// end.
func (l *lines) next() ([]byte, error) {
	l.line = l.line[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.line = append(l.line, part...)
		switch {
		case l.max >= 0 && len(bytes.TrimRight(part, "\r\n"))+len(l.line)-len(part) > l.max:
			return nil, errLongLine
		case err == nil, err != bufio.ErrBufferFull && len(l.line) > 0:
			return bytes.TrimSuffix(bytes.TrimSuffix(l.line, []byte("\n")), []byte("\r")), nil
		case err != bufio.ErrBufferFull:
			return nil, io.EOF
		}
	}
}

// chunks reads bytes as they come.
type chunks struct {
	r io.Reader
	b []byte
}

func newChunks(r io.Reader) *chunks { return &chunks{r, make([]byte, 32<<10)} }

// next returns what can be read, which is valid until the next call.
func (c *chunks) next() ([]byte, error) {
	n, err := c.r.Read(c.b)
	if n > 0 {
		return c.b[:n], nil
	}
	return nil, err
}

// maxLogged is the number of bytes of a line of standard error that are logged together.
const maxLogged = 4096

// logLines logs the lines of a process.
func logLines(from io.Reader, log *slog.Logger) {
	r := bufio.NewReaderSize(from, maxLogged)
	for {
		part, err := r.ReadSlice('\n')
		if text := bytes.TrimRight(part, "\r\n"); len(text) > 0 {
			log.Error("stderr", slog.String("text", string(text)))
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}
