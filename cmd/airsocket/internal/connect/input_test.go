package connect

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func allLines(r io.Reader, limit int) (lines []string, err error) {
	readLines(r, limit, func(b batch) bool {
		lines, err = append(lines, b.lines...), b.err
		return true
	})
	return lines, err
}

func TestReadLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*inputSize+1)
	for _, test := range []struct {
		in    string
		limit int
		want  []string
		err   error
	}{
		{"", 0, nil, io.EOF},
		{"\n", 0, []string{""}, io.EOF},
		{"a\n\nb", 0, []string{"a", "", "b"}, io.EOF},
		{"a\r\nb\n", 0, []string{"a\r", "b"}, io.EOF},
		{long + "\n" + long, 0, []string{long, long}, io.EOF},
		{long + "\n", len(long), []string{long}, io.EOF},
		{"a\n" + long + "\nb\n", len(long) - 1, []string{"a"}, errLineTooLong},
		{"abc\nabcd\n", 3, []string{"abc"}, errLineTooLong},
		{"abc\nabcd", 3, []string{"abc"}, errLineTooLong},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
			got, err := allLines(r, test.limit)
			if !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("%.20q, limit %d: %d lines %.60q, %v", test.in, test.limit, len(got), got, err)
			}
		}
	}
}

func TestReadLinesStopsWhenNoMoreIsWanted(t *testing.T) {
	t.Parallel()
	n := 0
	in := iotest.OneByteReader(strings.NewReader("a\nb\nc\n"))
	readLines(in, 0, func(batch) bool { n++; return false })
	if rest, _ := io.ReadAll(in); n != 1 || string(rest) != "b\nc\n" {
		t.Errorf("given %d times, %q is left", n, rest)
	}
}
