//go:build unix

package process_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/process"
	"github.com/airsocket/airsocket/wire"
)

const shell = "/bin/sh"

// script returns the flags of serve for a script, or skips the test.
func script(t *testing.T, text string) []string {
	t.Helper()
	need(t, shell)
	return []string{"--exec", shell, "--", "-c", text, "script"}
}

// need skips the test if a program is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := os.Stat(name); err != nil {
			t.Skipf("%s is missing", name)
		}
	}
}

// A stage serves a script without the rest of the program.
type stage struct {
	process.Server
	url string
	log clitest.Output
}

func newStage(t *testing.T, text string, o *airsocket.Options) *stage {
	t.Helper()
	need(t, shell)
	s := &stage{}
	s.Path, s.Args, s.MaxLine, s.Grace = shell, []string{"-c", text}, -1, 50*time.Millisecond
	s.Probe = 20 * time.Millisecond
	s.Log = slog.New(slog.NewTextHandler(&s.log, nil))
	o.Parallel = true
	s.url = clitest.ServeWith(t, o, s.Connect)
	return s
}

// converse sends texts, and returns what comes until the connection has ended.
func converse(t *testing.T, url string, texts ...string) (got []string, closed airsocket.CloseEvent) {
	t.Helper()
	closed = clitest.Talk(t, nil, url, "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			for _, text := range texts {
				s.Send(text)
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			kind := ""
			if e.Kind() == wire.Binary {
				kind = "binary "
			}
			got = append(got, kind+e.Text())
		})
	})
	return got, closed
}

// first connects, waits for a message, closes the connection and returns the message.
func first(t *testing.T, url string) (got string) {
	t.Helper()
	clitest.Talk(t, nil, url, "", func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = e.Text()
			s.Close(airsocket.StatusNormalClosure, "")
		})
	})
	return got
}
