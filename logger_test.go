package airsocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestLogger checks what is logged when connections open, fail and close.
func TestLogger(t *testing.T) {
	var log lockedBuffer
	srv := &airsocket.Server{Options: &airsocket.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}}
	closed := make(chan struct{})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnClose(func(*airsocket.CloseEvent) { close(closed) })
	})
	url := wstest.Serve(t, srv)
	c := wstest.DialRaw(t, url)
	c.Open()
	c.WriteRaw([]byte{0xC1, 0x80, 0, 0, 0, 0}) // RSV1
	c.Want(wstest.OpClose, wstest.ClosePayload(1002, "a reserved bit is set that no extension claims"))
	c.Close()
	<-closed
	srv.Shutdown(context.Background())

	var got []string
	for line := range strings.Lines(log.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r["level"], " ", r["msg"]))
		if r["remote"] == "" || r["remote"] == nil {
			t.Errorf("no address of the peer in %s", line)
		}
	}
	if want := "INFO websocket open, WARN websocket error, INFO websocket closed"; strings.Join(got, ", ") != want {
		t.Errorf("logged %q, want %q", strings.Join(got, ", "), want)
	}
}

// A lockedBuffer is a buffer that several goroutines may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A callingHandler is a slog.Handler that calls a method of the socket.
type callingHandler struct {
	slog.Handler
	socket *airsocket.Socket
}

func (h callingHandler) Handle(ctx context.Context, r slog.Record) error {
	h.socket.BufferedAmount()
	return h.Handler.Handle(ctx, r)
}

// TestLoggerMayCallTheSocket checks that no lock is held while a record is logged.
func TestLoggerMayCallTheSocket(t *testing.T) {
	var log lockedBuffer
	theirs, ours := wstest.TCPPair(t)
	d := new(airsocket.Dispatcher)
	h := &callingHandler{Handler: slog.NewTextHandler(&log, nil)}
	h.socket = airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Logger: slog.New(h)})
	go func() {
		p := wstest.NewRawPeer(t, theirs, true)
		p.Open()
		p.WriteRaw([]byte{0xC1, 0x80, 0, 0, 0, 0}) // RSV1
		p.WantClose(1002)
		p.Close()
	}()
	wstest.Run(t, d, func() { h.socket.StartServer(ours) })
	if n := strings.Count(log.String(), "msg="); n != 3 {
		t.Errorf("%d lines were logged:\n%s", n, log.String())
	}
}
