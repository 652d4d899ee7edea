package journal

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Read returns the records of a journal, one for each line that is not empty. At the first
// error, which names the line, the sequence ends. A line may have limit bytes at most.
func Read(r io.Reader, limit int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, limit)
		n := 0
		for lines.Scan() {
			n++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var record Record
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				yield(Record{}, fmt.Errorf("line %d is not a record: %w", n, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(Record{}, fmt.Errorf("line %d is longer than %d bytes", n+1, limit))
		} else if err != nil {
			yield(Record{}, err)
		}
	}
}

// Payload returns the data of a message, ping or pong.
func (r *Record) Payload() ([]byte, error) {
	switch {
	case r.Data == nil:
		return nil, fmt.Errorf("a %s has no data", r.Type)
	case !r.Binary:
		return []byte(*r.Data), nil
	}
	p, err := base64.StdEncoding.DecodeString(*r.Data)
	if err != nil {
		return nil, fmt.Errorf("the data of a binary %s is not base64: %w", r.Type, err)
	}
	return p, nil
}
