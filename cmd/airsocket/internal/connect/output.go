package connect

import (
	"encoding/hex"
	"io"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
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
			io.WriteString(stderr, "* "+view.Line(e)+"\n")
		}
		return err
	}
}

func hexText(p []byte) string { return "0x" + hex.EncodeToString(p) }

// jsonLines returns a printer that prints each event as a JSON object on a line
// of its own.
func jsonLines(w io.Writer, now func() time.Time) printer {
	return func(e journal.Event) error { return journal.Write(w, now(), e) }
}
