// Package journal has the format in which the events of a connection are printed, recorded
// and read back: one JSON object per line.
package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
)

// An Event is something that happens to a connection.
type Event struct {
	Kind   string // open, message, ping, pong, error, close, reconnect, input or help
	Conn   int    // the number of the connection, if there may be several
	Out    bool   // sent and not received
	Binary bool
	Data   []byte // of a message, ping or pong
	Code   airsocket.StatusCode
	Text   string // the text of open, error, reconnect, input and help; the reason of a close
	Clean  bool
	Began  bool          // of a close: by this side, and not by the server
	RTT    time.Duration // from the ping to this pong, if it answers one
	Status int           // HTTP status of a refusal
	Body   []byte        // the beginning of the body of a refusal

	URL    string   // of open
	Asked  []string // of open: the subprotocols that the client asked for
	Chosen string   // of open: the subprotocol of the connection
}

// A Record is an Event in the form of a JSON object. JOURNAL.md describes its fields.
type Record struct {
	Time      string  `json:"time"`
	Type      string  `json:"type"`
	Conn      int     `json:"conn,omitempty"`
	Direction string  `json:"direction,omitempty"`
	Size      *int    `json:"size,omitempty"`
	Binary    bool    `json:"binary,omitempty"`
	Data      *string `json:"data,omitempty"`
	RTT       float64 `json:"rtt_ms,omitempty"` // in milliseconds
	Code      int     `json:"code,omitempty"`
	Reason    *string `json:"reason,omitempty"`
	Clean     *bool   `json:"clean,omitempty"`
	Status    int     `json:"status,omitempty"`
	Text      string  `json:"text,omitempty"`
	Body      string  `json:"body,omitempty"`

	URL          string   `json:"url,omitempty"`
	Subprotocols []string `json:"subprotocols,omitempty"`
	Subprotocol  string   `json:"subprotocol,omitempty"`

	line int // where Read has found it
}

// Write writes e, which happened at the time t, as a line. The line has no hidden
// characters, so that a terminal can show it.
func Write(w io.Writer, t time.Time, e Event) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e.record(t)); err != nil {
		return err
	}
	_, err := w.Write(append(escape.JSON(bytes.TrimSuffix(line.Bytes(), []byte("\n"))), '\n'))
	return err
}

func (e Event) record(t time.Time) Record {
	r := Record{Time: t.UTC().Format(time.RFC3339Nano), Type: e.Kind, Conn: e.Conn, Status: e.Status, Body: string(e.Body)}
	switch e.Kind {
	case "message", "ping", "pong":
		size, data := len(e.Data), string(e.Data)
		if e.Binary || !utf8.Valid(e.Data) {
			r.Binary, data = true, base64.StdEncoding.EncodeToString(e.Data)
		}
		r.Size, r.Data, r.RTT = &size, &data, float64(e.RTT)/float64(time.Millisecond)
		r.Direction = direction(e.Out)
	case "close":
		r.Code, r.Reason, r.Clean = int(e.Code), &e.Text, &e.Clean
		r.Direction = direction(e.Began)
	case "open":
		r.Text, r.URL, r.Subprotocols, r.Subprotocol = e.Text, e.URL, e.Asked, e.Chosen
	default:
		r.Text = e.Text
	}
	return r
}

func direction(out bool) string {
	if out {
		return "out"
	}
	return "in"
}
