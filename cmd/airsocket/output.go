package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
)

// An event is something that connect prints.
type event struct {
	kind   string // open, message, ping, pong, error, close, input or help
	out    bool   // sent and not received
	binary bool
	data   []byte // of a message, ping or pong
	code   airsocket.StatusCode
	text   string // the text of open, error, input and help; the reason of a close
	clean  bool
	status int    // HTTP status of a refusal
	body   []byte // the beginning of the body of a refusal
}

// A printer prints an event. It returns an error if the output fails.
type printer func(event) error

// plain returns a printer that prints received messages on stdout, one per
// line, and all other events on stderr. escaped says whether to escape text,
// for a terminal.
func plain(stdout, stderr io.Writer, escaped bool) printer {
	return func(e event) error {
		var err error
		switch {
		case e.kind == "message" && e.out:
		case e.kind == "message":
			text := string(e.data)
			if e.binary {
				text = hexText(e.data)
			} else if escaped {
				text = escape(text)
			}
			_, err = io.WriteString(stdout, text+"\n")
		case e.out:
		default:
			io.WriteString(stderr, e.line()+"\n")
		}
		return err
	}
}

// interactive returns a printer for a terminal. It does not print what was
// sent, because the terminal already shows what was typed.
func interactive(w io.Writer) printer {
	return func(e event) error {
		var err error
		switch {
		case e.out:
		case e.kind == "message" && e.binary:
			_, err = fmt.Fprintf(w, "< %s\n", hexText(e.data))
		case e.kind == "message":
			_, err = fmt.Fprintf(w, "< %s\n", escape(string(e.data)))
		default:
			_, err = fmt.Fprintln(w, e.line())
		}
		return err
	}
}

func hexText(p []byte) string { return "0x" + hex.EncodeToString(p) }

// line returns a line of text for an event other than a message.
func (e event) line() string {
	var b strings.Builder
	b.WriteString("* " + e.kind)
	switch e.kind {
	case "ping", "pong":
		if len(e.data) > 0 {
			fmt.Fprintf(&b, " %q", e.data)
		}
	case "close":
		fmt.Fprintf(&b, " %d", e.code)
		if e.text != "" {
			b.WriteString(" " + escape(e.text))
		}
		if !e.clean {
			b.WriteString(" (without a closing handshake)")
		}
	default:
		if e.status != 0 {
			fmt.Fprintf(&b, " status %d", e.status)
		}
		b.WriteString(" " + escape(e.text))
		if body := strings.TrimSpace(string(e.body)); body != "" {
			b.WriteString(": " + escape(body))
		}
	}
	return b.String()
}

// record is an event as -json prints it.
type record struct {
	Time      string  `json:"time"`
	Type      string  `json:"type"`
	Direction string  `json:"direction,omitempty"`
	Size      *int    `json:"size,omitempty"`
	Binary    bool    `json:"binary,omitempty"`
	Data      *string `json:"data,omitempty"`
	Code      int     `json:"code,omitempty"`
	Reason    *string `json:"reason,omitempty"`
	Clean     *bool   `json:"clean,omitempty"`
	Status    int     `json:"status,omitempty"`
	Text      string  `json:"text,omitempty"`
	Body      string  `json:"body,omitempty"`
}

// jsonLines returns a printer that prints each event as a JSON object on a line
// of its own.
func jsonLines(w io.Writer, now func() time.Time) printer {
	return func(e event) error {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e.record(now())); err != nil {
			return err
		}
		_, err := w.Write(append(escapeJSON(bytes.TrimSuffix(line.Bytes(), []byte("\n"))), '\n'))
		return err
	}
}

func (e event) record(t time.Time) record {
	r := record{Time: t.UTC().Format(time.RFC3339Nano), Type: e.kind, Status: e.status, Body: string(e.body)}
	switch e.kind {
	case "message", "ping", "pong":
		size, data := len(e.data), string(e.data)
		if e.binary || !utf8.Valid(e.data) {
			r.Binary, data = true, base64.StdEncoding.EncodeToString(e.data)
		}
		r.Size, r.Data = &size, &data
		r.Direction = "in"
		if e.out {
			r.Direction = "out"
		}
	case "close":
		r.Code, r.Reason, r.Clean = int(e.code), &e.text, &e.clean
	default:
		r.Text = e.text
	}
	return r
}

// escapeJSON replaces the hidden characters in a JSON text with JSON escapes.
// The value stays the same, and the text is safe to print on a terminal.
func escapeJSON(p []byte) []byte {
	if bytes.IndexFunc(p, hidden) < 0 {
		return p
	}
	var b bytes.Buffer
	for _, r := range string(p) {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		}
	}
	return b.Bytes()
}
