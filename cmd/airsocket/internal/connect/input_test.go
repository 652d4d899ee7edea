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
	readItems(r, '\n', limit, func(items []string, e error) bool {
		lines, err = append(lines, items...), e
		return true
	})
	return lines, err
}

func TestReadItems(t *testing.T) {
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
		{"a\n" + long + "\nb\n", len(long) - 1, []string{"a"}, errTooLong},
		{"abc\nabcd\n", 3, []string{"abc"}, errTooLong},
		{"abc\nabcd", 3, []string{"abc"}, errTooLong},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
			got, err := allLines(r, test.limit)
			if !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("%.20q, limit %d: %d lines %.60q, %v", test.in, test.limit, len(got), got, err)
			}
		}
	}
}

func TestReadItemsStopsWhenNoMoreIsWanted(t *testing.T) {
	t.Parallel()
	n := 0
	in := iotest.OneByteReader(strings.NewReader("a\nb\nc\n"))
	readItems(in, '\n', 0, func([]string, error) bool { n++; return false })
	if rest, _ := io.ReadAll(in); n != 1 || string(rest) != "b\nc\n" {
		t.Errorf("given %d times, %q is left", n, rest)
	}
}
