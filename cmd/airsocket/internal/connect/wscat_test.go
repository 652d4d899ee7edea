package connect_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// habits are what one does with wscat according to its README, and how connect does it. Both
// print what the server answers: what it has found in the request, and each message.
// Those for a terminal (--slash, -P, --passphrase, --no-color) are in the tests for a terminal.
// In the arguments and in want, the words in capitals stand for what startHabits returns.
var habits = []struct {
	wscat, connect string
	want           string // "" if it fails
}{
	{"-c PLAIN -x a -x BYE", "PLAIN -x a -x BYE", "GET PLAIN,a,BYE,"},
	{"-c ws://PLAIN -x a -w -1 -x BYE", "ws://PLAIN -x a -wait -1 -x BYE", "GET PLAIN,a,BYE,"},
	{"-c PLAIN -x BYE --auth ada:pass", "PLAIN -x BYE -auth ada:pass", "GET PLAIN Basic YWRhOnBhc3M=,BYE,"},
	{"-c PLAIN -x BYE -H X-A:1 --header X-B:b:c", "PLAIN -x BYE -H X-A:1 -H X-B:b:c", "GET PLAIN 1 b:c,BYE,"},
	{"-c PLAIN -x BYE --host other.example", "other.example -dial PLAIN -x BYE", "GET other.example,BYE,"},
	{"-c PLAIN -x BYE -o http://PLAIN", "PLAIN -x BYE -origin http://PLAIN", "GET PLAIN http://PLAIN,BYE,"},
	{"-c PLAIN -x BYE -p 8", "PLAIN -x BYE -version 8", "GET PLAIN 8,BYE,"},
	{"-c PLAIN -x BYE -s a -s b", "PLAIN -x BYE -subprotocol a -subprotocol b", "GET PLAIN a,b,BYE,"},
	{"-c PLAIN/once -x BYE -L", "PLAIN/once -x BYE -L", "GET PLAIN,BYE,"},
	{"-c PLAIN/once -x BYE", "PLAIN/once -x BYE", ""},
	{"-c PLAIN/round -x BYE -L", "PLAIN/round -x BYE -L", ""},
	{"-c PLAIN -x BYE --proxy http://PROXY", "PLAIN -x BYE -proxy http://PROXY", "GET PLAIN,BYE,"},
	{"-c wss://SECURE -x BYE", "wss://SECURE -x BYE", ""},
	{"-c wss://SECURE -x BYE -n", "wss://SECURE -x BYE -k", "GET SECURE,BYE,"},
	{"-c wss://SECURE -x BYE --ca CA", "wss://SECURE -x BYE -ca CA", "GET SECURE,BYE,"},
	{"-c wss://SECURE -x BYE --ca CA --cert CERT --key KEY", "wss://SECURE -x BYE -ca CA -cert CERT -key KEY", "GET SECURE CN=client,BYE,"},
}

// startHabits starts the servers for habits, and returns what the words in capitals stand for.
func startHabits(t *testing.T) *strings.Replacer {
	srv := &airsocket.Server{Options: &airsocket.Options{Protocols: []string{"a"}}}
	srv.OnConnect(func(s *airsocket.Socket) {
		r := s.HTTPRequest()
		text := r.Method + " " + r.Host
		for _, name := range []string{"Authorization", "X-A", "X-B", "Origin", "Sec-Websocket-Origin", "Sec-Websocket-Protocol"} {
			if v := r.Header.Get(name); v != "" {
				text += " " + strings.ReplaceAll(v, ", ", ",")
			}
		}
		if v := r.Header.Get("Sec-WebSocket-Version"); v != "13" {
			text += " " + v
		}
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			text += " " + r.TLS.PeerCertificates[0].Subject.String()
		}
		s.Send(text)
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if s.Send(e.Text()); e.Text() == "bye" {
				s.Close(1000, "")
			}
		})
	})
	t.Cleanup(func() { srv.Close() })
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.Handle("/once", http.RedirectHandler("/", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	plain := httptest.NewServer(mux)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(mux)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	secure.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	host := strings.TrimPrefix(plain.URL, "http://")
	key, _ := plainKey(t)
	cert, err := filepath.Abs(clientCert)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"PLAIN", host, "SECURE", strings.TrimPrefix(secure.URL, "https://"), "BYE", "bye",
		"PROXY", startProxy(t, host, make(chan string, 10)),
		"CA", clitest.WritePEM(t, "CERTIFICATE", secure.Certificate().Raw), "CERT", cert, "KEY", key,
	)
}

func TestWscatHabits(t *testing.T) {
	t.Parallel()
	words := startHabits(t)
	for _, h := range habits {
		r := clitest.Execute(t, nil, append([]string{"connect", "-wait", "forever"}, strings.Fields(words.Replace(h.connect))...)...)
		if got := strings.ReplaceAll(r.Stdout, "\n", ","); got != words.Replace(h.want) || (r.Code == exit.OK) != (h.want != "") {
			t.Errorf("connect %s: prints %q, want %q; exit code %d; stderr: %s", h.connect, got, words.Replace(h.want), r.Code, r.Stderr)
		}
	}
}

// wscat itself does what the table says.
func TestInteropWscat(t *testing.T) {
	t.Parallel()
	wscat := clitest.Peers(t, ".bin/wscat")
	clitest.Program(t, "node")
	if !exists(wscat) {
		wstest.Missing(t, "wscat")
	}
	words := startHabits(t)
	for _, h := range habits {
		args := strings.Fields(words.Replace(h.wscat))
		if !strings.Contains(h.wscat, "-w ") {
			args = append(args, "-w", "-1")
		}
		cmd := exec.CommandContext(t.Context(), wscat, args...)
		open, err := cmd.StdinPipe() // it ends when stdin does
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.Output()
		open.Close()
		if got := strings.ReplaceAll(string(out), "\n", ","); got != words.Replace(h.want) || (err == nil) != (h.want != "") {
			t.Errorf("wscat %s: prints %q, want %q; %v", h.wscat, got, words.Replace(h.want), err)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
