package record_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/wire"
)

// A client that does not read what comes back is held up, and nothing is lost.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	clitest.FloodAndRead(t, record(t, "-o", os.DevNull, s.URL()).url)
}

// For a client of a version without pings, the proxy answers them.
func TestOldVersion(t *testing.T) {
	t.Parallel()
	url := server(t, func(r *airsocket.Request) {
		s, err := r.Accept("")
		if err != nil {
			t.Error(err)
			return
		}
		s.OnOpen(func(*airsocket.OpenEvent) { s.Ping([]byte("p")) })
		s.OnPong(func(e *airsocket.PongEvent) { s.Send("answered " + string(e.Data)) })
	})
	rec := record(t, "-n", "1", url)
	var got string
	clitest.Talk(t, &airsocket.Options{Version: wire.Hixie76}, rec.url, "", func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = e.Text()
			s.Close(0, "")
		})
	})
	if got != "answered p" {
		t.Errorf("got %q", got)
	}
	(<-rec.result).Want(t, exit.OK, "")
}

func TestUnixSocket(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a path of Windows is not the path of a URL")
	}
	s := clitest.StartServe(t, "-quiet")
	dir, err := os.MkdirTemp("", "record") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	rec := record(t, "-n", "1", "-listen", "unix:"+path, s.URL())
	if rec.url != "ws+unix://"+path {
		t.Errorf("the URL is %s", rec.url)
	}
	if r := clitest.Execute(t, nil, "connect", rec.url, "-x", "hello", "-wait", "100ms"); r.Code != exit.OK || r.Stdout != "hello\n" {
		t.Errorf("%+v", r)
	}
}
