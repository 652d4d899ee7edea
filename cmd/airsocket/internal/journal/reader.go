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
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
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
			line := lines.Bytes()
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			record, err := Parse(line)
			if err != nil {
				yield(Record{}, fmt.Errorf("line %d is not a record: %w", n, err))
				return
			}
			record.line = n
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

// Parse returns the record of a line. The line may begin with a byte order mark, which some
// editors write.
func Parse(line []byte) (r Record, err error) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if !utf8.Valid(line) {
		return r, errors.New("it is not UTF-8") // package json would replace what is not
	}
	err = json.Unmarshal(line, &r)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return r, fmt.Errorf("the field %s cannot be a JSON %s", wrong.Field, wrong.Value)
	} else if ok {
		return r, fmt.Errorf("it is a JSON %s, and not an object", wrong.Value)
	}
	return r, err
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

// Event returns the time of the record and its Event. What does not matter to the type is
// not looked at, and of an unknown type nothing but the time. The error names the line.
func (r *Record) Event() (time.Time, Event, error) {
	t, e, err := r.event()
	if err != nil {
		return time.Time{}, Event{}, fmt.Errorf("line %d: %w", r.line, err)
	}
	return t, e, nil
}

func (r *Record) event() (t time.Time, e Event, err error) {
	e = Event{Kind: r.Type, Conn: r.Conn, Status: r.Status, Text: r.Text, Body: []byte(r.Body)}
	if r.Type == "" {
		return t, e, errors.New("a record has no type")
	}
	if t, err = time.Parse(time.RFC3339Nano, r.Time); err != nil {
		return t, e, fmt.Errorf("the time %q is not one as in RFC 3339", r.Time)
	}
	if r.Conn < 0 {
		return t, e, fmt.Errorf("the connection %d is negative", r.Conn)
	}
	switch r.Type {
	case "open":
		e.URL, e.Asked, e.Chosen = r.URL, r.Subprotocols, r.Subprotocol
	case "message", "ping", "pong":
		e.Binary = r.Binary
		if e.Data, err = r.Payload(); err != nil {
			return t, e, err
		}
		if r.Type != "message" && len(e.Data) > 125 {
			return t, e, fmt.Errorf("a %s has %d bytes, and 125 at most are allowed", r.Type, len(e.Data))
		}
		e.Out, err = r.out()
	case "close":
		if r.Code < 1000 || r.Code > 4999 {
			return t, e, fmt.Errorf("the code %d of a close is not from 1000 to 4999", r.Code)
		}
		e.Code = airsocket.StatusCode(r.Code)
		if e.Clean = r.Code != int(airsocket.StatusAbnormalClosure); r.Clean != nil {
			e.Clean = *r.Clean
		}
		if r.Reason != nil {
			e.Text = *r.Reason
		}
		e.Began, err = r.out()
	}
	return t, e, err
}

// out reports whether the direction is out.
func (r *Record) out() (bool, error) {
	switch r.Direction {
	case "in", "out":
		return r.Direction == "out", nil
	}
	return false, fmt.Errorf("the direction of a %s is %q, and not in or out", r.Type, r.Direction)
}

// Line returns the number of the line where Read has found the record.
func (r *Record) Line() int { return r.line }
