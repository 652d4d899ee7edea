package serve

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
)

func newLogger(w io.Writer, format string, quiet bool) *slog.Logger {
	o := &slog.HandlerOptions{}
	if quiet {
		o.Level = slog.LevelError // mistakes of peers are logged as warnings
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(escaped{w}, o))
	}
	return slog.New(slog.NewTextHandler(w, o)) // which quotes what a terminal must not get
}

// escaped is a Writer of lines with JSON, in which nothing is hidden from who reads them on a
// terminal.
type escaped struct{ w io.Writer }

func (e escaped) Write(p []byte) (int, error) {
	n := len(p)
	if n > 0 && p[n-1] == '\n' {
		p = append(append([]byte(nil), escape.JSON(p[:n-1])...), '\n')
	}
	if _, err := e.w.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}

// An eventLog logs the events of sockets that the library does not log.
type eventLog struct {
	log     *slog.Logger
	content int // bytes of each message to log
}

// isOn reports whether anything is logged.
func (e *eventLog) isOn() bool { return e.log.Enabled(context.Background(), slog.LevelInfo) }

func (e *eventLog) connect(s *airsocket.Socket) {
	remote := slog.Any("remote", s.RemoteAddr())
	if r := s.Request(); r != nil {
		e.log.Info("request", slog.String("target", r.Target), slog.String("origin", r.Origin), remote)
	}
	airsocket.AddEventListener(s, airsocket.EventMessage, func(ev *airsocket.MessageEvent) {
		kind := "text"
		if ev.Binary() {
			kind = "binary"
		}
		attrs := []slog.Attr{slog.String("type", kind), slog.Int("size", len(ev.Bytes())), remote}
		if e.content > 0 {
			attrs = append(attrs, slog.String("content", beginning(ev.Bytes(), ev.Binary(), e.content)))
		}
		e.log.LogAttrs(context.Background(), slog.LevelInfo, "message", attrs...)
	})
	airsocket.AddEventListener(s, airsocket.EventPing, func(ev *airsocket.PingEvent) {
		e.log.Info("ping", slog.Int("size", len(ev.Data)), remote)
	})
	airsocket.AddEventListener(s, airsocket.EventPong, func(ev *airsocket.PongEvent) {
		e.log.Info("pong", slog.Int("size", len(ev.Data)), remote)
	})
}

// beginning returns the first bytes of a message, at most n, with an ellipsis if that is not
// all. Binary data is in hexadecimal.
func beginning(data []byte, binary bool, n int) string {
	rest := ""
	if len(data) > n {
		for !binary && n > 0 && !utf8.RuneStart(data[n]) {
			n--
		}
		data, rest = data[:n], "..."
	}
	if binary {
		return hex.EncodeToString(data) + rest
	}
	return string(data) + rest
}
