package connect

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// A form says how messages are separated and written in the input and the output.
type form struct {
	nul    bool // -0
	binary bool // -binary
	whole  bool // -whole
	jsonIn bool // -json-in
	raw    bool // -raw
	json   bool // -json
}

// check returns an error if flags contradict each other.
func (f form) check() error {
	switch {
	case f.whole && f.nul:
		return errors.New("-whole and -0 are given; stdin is one message or is separated by NUL")
	case f.jsonIn && (f.whole || f.nul || f.binary):
		return errors.New("-json-in says by itself what the messages are; leave out -0, -binary and -whole")
	case f.raw && f.json:
		return errors.New("-raw and -json are given; only one can be printed")
	}
	return nil
}

// asLines reports whether each line of the input is a text message, so that it can be typed
// at a prompt.
func (f form) asLines() bool { return !f.nul && !f.binary && !f.whole && !f.jsonIn }

// read reads the input and passes it to take in batches. Each message has at most limit
// bytes, if limit is positive.
func (f form) read(r io.Reader, limit int, take func(batch) (more bool)) {
	line := 0
	give := func(items []string, err error) bool {
		b := batch{err: err}
		for _, item := range items {
			line++
			if !f.jsonIn {
				b.messages = append(b.messages, outgoing([]byte(item), f.binary))
				continue
			}
			if strings.TrimSpace(item) == "" {
				continue
			}
			e, ok, err := fromJSON(item, limit)
			if err != nil {
				b.err = fmt.Errorf("line %d: %w", line, err)
				break
			}
			if ok {
				b.messages = append(b.messages, e)
			}
		}
		return take(b) && b.err == nil
	}
	switch {
	case f.jsonIn:
		readItems(r, '\n', jsonLimit(limit), give)
	case f.whole:
		readWhole(r, limit, give)
	case f.nul:
		readItems(r, 0, limit, give)
	case f.binary:
		readChunks(r, limit, give)
	default:
		readItems(r, '\n', limit, give)
	}
}

// outgoing returns the event of sending a message.
func outgoing(data []byte, binary bool) journal.Event {
	return journal.Event{Kind: "message", Out: true, Binary: binary, Data: data}
}

// jsonLimit returns how long a line can be that has a message of limit bytes: each may be
// an escape such as \u0000.
func jsonLimit(limit int) int {
	if limit <= 0 || limit > (math.MaxInt-4096)/6 {
		return 0
	}
	return 6*limit + 4096
}

// fromJSON returns what to send for a line of -json-in. ok is false if that is nothing,
// because the line says what was received, or what else has happened.
func fromJSON(line string, limit int) (e journal.Event, ok bool, err error) {
	r, err := journal.Parse([]byte(line))
	if err != nil {
		return e, false, fmt.Errorf("not an object as -json prints them: %w", err)
	}
	e = journal.Event{Kind: r.Type, Out: true, Binary: r.Binary, Code: airsocket.StatusCode(r.Code)}
	if r.Direction == "in" {
		return e, false, nil
	}
	switch r.Type {
	case "open", "error", "reconnect", "input", "help":
		return e, false, nil
	case "message", "ping", "pong":
		if e.Data, err = r.Payload(); err != nil {
			return e, false, err
		}
		if limit > 0 && len(e.Data) > limit {
			return e, false, errTooLong
		}
		return e, true, nil
	case "close":
		if r.Reason != nil {
			e.Text = *r.Reason
		}
		switch {
		case r.Code < 0 || r.Code > math.MaxUint16:
			return e, false, fmt.Errorf("%d is not a status code", r.Code)
		case r.Code == 0:
			e.Code = airsocket.StatusNormalClosure
		case e.Code == airsocket.StatusNoStatusReceived:
			e.Code = 0
		}
		return e, true, nil
	}
	return e, false, fmt.Errorf("unknown type %q; message, ping, pong and close can be sent", r.Type)
}

// printer returns the printer for the output. escaped says whether stdout is a terminal.
func (f form) printer(stdout io.Writer, escaped bool, lines, json printer) printer {
	switch {
	case f.json:
		return json
	case f.raw:
		return received(stdout, lines, func(e journal.Event) []byte { return e.Data })
	case f.nul:
		return received(stdout, lines, func(e journal.Event) []byte {
			text := string(e.Data)
			if e.Binary {
				text = hexText(e.Data)
			} else if escaped {
				text = escape.Text(text)
			}
			return append([]byte(text), 0)
		})
	}
	return lines
}

// received returns a printer that writes received messages as shape returns them, and
// leaves all else to others.
func received(w io.Writer, others printer, shape func(journal.Event) []byte) printer {
	return func(e journal.Event) error {
		if e.Kind != "message" || e.Out {
			return others(e)
		}
		_, err := w.Write(shape(e))
		return err
	}
}
