package program_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// session writes a recording of an echo, and returns the name of its file.
func session(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "session.jsonl")
	text := ""
	for _, line := range []string{`"type":"open"`, `"type":"message","direction":"out","data":"hello"`, `"type":"message","direction":"in","data":"hello"`} {
		text += `{"time":"2026-01-02T03:04:05Z",` + line + "}\n"
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// startRelay starts a proxy with the CONNECT method for two hosts: front.example wants the
// password of ada and redirects to back.example, which is the server at back. It returns the
// URL of the proxy.
func startRelay(t *testing.T, back string) (url string) {
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, "http://back.example/", http.StatusFound)
	}))
	t.Cleanup(front.Close)
	hosts := map[string]string{
		"front.example:80": strings.TrimPrefix(front.URL, "http://"),
		"back.example:80":  strings.Trim(strings.TrimPrefix(back, "ws:"), "/"),
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", hosts[r.Host])
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(there, here)
		io.Copy(here, there)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// All commands that connect go through a proxy, follow redirects and send credentials.
func TestFlagsOfClients(t *testing.T) {
	t.Parallel()
	flags := []string{"-L", "-auth", "ada:secret", "-proxy", startRelay(t, clitest.StartServe(t).URL()), "ws://front.example/"}
	for _, args := range [][]string{
		{"connect", "-x", "hello", "-n", "1"},
		{"load", "-n", "2", "-duration", "10ms", "-every", "0", "-x", "hello", "-quiet", "-check", "connected>=100%"},
		{"replay", "-speed", "max", session(t)},
	} {
		r := clitest.Execute(t, nil, append(args, flags...)...)
		if r.Want(t, exit.OK, ""); args[0] == "connect" && r.Stdout != "hello\n" {
			t.Errorf("connect prints %q", r.Stdout)
		}
	}
	r, w := io.Pipe()
	code := make(chan int, 1)
	var out clitest.Output
	go func() {
		code <- program.Program.Run(t.Context(), append([]string{"record", "-n", "1", "-listen", "127.0.0.1:0"}, flags...), &command.Std{Out: &out, Err: w})
		w.Close()
	}()
	line := make([]byte, 100)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r)
	clitest.Talk(t, nil, strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening on ")), "", func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello") })
		s.OnMessage(func(*airsocket.MessageEvent) { s.Close(1000, "") })
	})
	if got := <-code; got != exit.OK || strings.Count(out.String(), `"data":"hello"`) != 2 || strings.Contains(out.String(), "secret") {
		t.Errorf("record: exit code %d, %s", got, out.String())
	}
}

// All commands that connect ask for a password on the terminal.
func TestClientsAskForPasswords(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"connect"}, {"load"}, {"record"}, {"replay", "none.jsonl"}} {
		k := clitest.NewKeyboard(t)
		code := k.Run(append(args, "-auth", "ada", "ws://a/")...)
		k.Wait("password of ada: ")
		k.Type("x\x03")
		k.Wait("airsocket: -auth: nothing was typed\r\n")
		if got := <-code; got != exit.Usage {
			t.Errorf("%s: exit code %d", args, got)
		}
	}
}
