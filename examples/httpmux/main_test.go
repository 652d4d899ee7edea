package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

// TestMain lets TestSystemd run the example as a process.
func TestMain(m *testing.M) {
	if os.Getenv("LISTEN_FDS") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// as returns the options of a client that middleware takes for the user.
func as(user string) *airsocket.Options {
	return &airsocket.Options{Header: http.Header{"Cookie": {"user=" + user}}}
}

func get(t *testing.T, url, user string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.AddCookie(&http.Cookie{Name: "user", Value: user})
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(p))
}

// TestServer checks that middleware, patterns and other handlers work with sockets, and
// that these are closed at the end.
func TestServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	addr, _ := stage.Serve(t, func(args []string, stdout io.Writer) error {
		ended <- serve(ctx, args, stdout)
		return nil
	})
	ann := stage.Connect(t, as("ann"), "ws://"+addr+"/rooms/go")
	ann.Want("open ")
	ann.Send("hello")
	ann.Want("text ann: hello")
	bob := stage.Connect(t, as("bob"), "ws://"+addr+"/rooms/c")
	bob.Want("open ")
	bob.Send("hello")
	bob.Want("text bob: hello")
	ann.Send("bye")
	ann.Want("text ann: bye") // and nothing from the other room

	stage.Connect(t, nil, "ws://"+addr+"/rooms/go").Want("error 401")
	if status, body := get(t, "http://"+addr+"/whoami", "ann"); status != 200 || body != "ann" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get(t, "http://"+addr+"/whoami", ""); status != 401 {
		t.Errorf("without a cookie: %d", status)
	}
	if status, _ := get(t, "http://"+addr+"/rooms/go", "ann"); status != 426 {
		t.Errorf("a request for no WebSocket: %d", status)
	}

	cancel()
	ann.Want("close 1001 ")
	bob.Want("close 1001 ")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestSystemd checks that the example uses a listening socket that systemd has opened, and
// ends gracefully when systemd sends SIGTERM.
func TestSystemd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no systemd")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{f}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ann := stage.Connect(t, as("ann"), "ws://"+l.Addr().String()+"/rooms/go")
	ann.Want("open ")
	ann.Send("hello")
	ann.Want("text ann: hello")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ann.Want("close 1001 ")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
