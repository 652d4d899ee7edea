package connect

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// A printer prints an event. It returns an error if the output fails.
type printer func(journal.Event) error

// plain returns a printer that prints received messages on stdout, one per
// line, and all other events on stderr. escaped says whether to escape text,
// for a terminal.
func plain(stdout, stderr io.Writer, escaped bool) printer {
	return func(e journal.Event) error {
		var err error
		switch {
		case e.Kind == "message" && e.Out:
		case e.Kind == "message":
			text := string(e.Data)
			if e.Binary {
				text = hexText(e.Data)
			} else if escaped {
				text = escape.Text(text)
			}
			_, err = io.WriteString(stdout, text+"\n")
		case e.Out:
		default:
			io.WriteString(stderr, line(e)+"\n")
		}
		return err
	}
}

// interactive returns a printer for a terminal. It does not print what was
// sent, because the terminal already shows what was typed.
func interactive(w io.Writer) printer {
	return func(e journal.Event) error {
		var err error
		switch {
		case e.Out:
		case e.Kind == "message" && e.Binary:
			_, err = fmt.Fprintf(w, "< %s\n", hexText(e.Data))
		case e.Kind == "message":
			_, err = fmt.Fprintf(w, "< %s\n", escape.Text(string(e.Data)))
		default:
			_, err = fmt.Fprintln(w, line(e))
		}
		return err
	}
}

func hexText(p []byte) string { return "0x" + hex.EncodeToString(p) }

// line returns a line of text for an event other than a message.
func line(e journal.Event) string {
	var b strings.Builder
	b.WriteString("* " + e.Kind)
	switch e.Kind {
	case "ping", "pong":
		if len(e.Data) > 0 {
			fmt.Fprintf(&b, " %q", e.Data)
		}
		if e.RTT > 0 {
			fmt.Fprintf(&b, " after %v", e.RTT.Round(time.Microsecond))
		}
	case "close":
		fmt.Fprintf(&b, " %d", e.Code)
		if e.Text != "" {
			b.WriteString(" " + escape.Text(e.Text))
		}
		if !e.Clean {
			b.WriteString(" (without a closing handshake)")
		}
	default:
		if e.Status != 0 {
			fmt.Fprintf(&b, " status %d", e.Status)
		}
		b.WriteString(" " + escape.Text(e.Text))
		if body := strings.TrimSpace(string(e.Body)); body != "" {
			b.WriteString(": " + escape.Text(body))
		}
	}
	return b.String()
}

// jsonLines returns a printer that prints each event as a JSON object on a line
// of its own.
func jsonLines(w io.Writer, now func() time.Time) printer {
	return func(e journal.Event) error { return journal.Write(w, now(), e) }
}
