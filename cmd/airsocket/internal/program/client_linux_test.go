package program_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clientcert"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
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

// A site has a server, which tells what it was asked, and what leads to it.
type site struct {
	plain, secure string // host and port of the server, without TLS and with it
	proxy         string // URL of a proxy that connects to the server, whatever it is asked for
	ca            string // name of the file with the certificate of the secure one
	asked         chan string
}

func startSite(t *testing.T) *site {
	s := &site{asked: make(chan string, 100)}
	srv := &airsocket.Server{Options: &airsocket.Options{
		Versions: wire.AllVersions(), Origins: []string{"*"},
		DeflateStream: true, Extensions: []extensions.Extension{extensions.PermessageDeflate{}},
	}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	t.Cleanup(func() { srv.Close() })
	mux := http.NewServeMux()
	mux.Handle("/moved", http.RedirectHandler("/", http.StatusFound))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var text strings.Builder
		fmt.Fprintf(&text, "Host: %s\r\n", r.Host)
		r.Header.Write(&text)
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			text.WriteString(r.TLS.PeerCertificates[0].Subject.String())
		}
		s.asked <- text.String()
		srv.ServeHTTP(w, r)
	})
	plain, secure := httptest.NewServer(mux), httptest.NewUnstartedServer(mux)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	secure.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	secure.StartTLS()
	s.plain, s.secure = strings.TrimPrefix(plain.URL, "http://"), strings.TrimPrefix(secure.URL, "https://")
	s.ca = clitest.WritePEM(t, "CERTIFICATE", secure.Certificate().Raw)
	proxy := httptest.NewServer(clitest.Tunnel(t, s.plain, nil))
	t.Cleanup(proxy.Close)
	s.proxy = proxy.URL
	return s
}

// clientCommands are the commands that connect, with what makes them send a text and wait for
// the answer.
var clientCommands = map[string]func(t *testing.T, flags []string) clitest.Result{
	"connect": func(t *testing.T, flags []string) clitest.Result {
		return clitest.Execute(t, nil, append([]string{"connect", "-x", "hello", "-n", "1"}, flags...)...)
	},
	"load": func(t *testing.T, flags []string) clitest.Result {
		return clitest.Execute(t, nil, append([]string{"load", "-n", "1", "-duration", "10ms", "-every", "0", "-x", "hello", "-quiet", "-check", "connected>=100%"}, flags...)...)
	},
	"replay": func(t *testing.T, flags []string) clitest.Result {
		return clitest.Execute(t, nil, append([]string{"replay", "-speed", "max", session(t)}, flags...)...)
	},
	"record": func(t *testing.T, flags []string) clitest.Result {
		r, w := io.Pipe()
		code := make(chan int, 1)
		var out, said clitest.Output
		go func() {
			code <- program.Program.Run(t.Context(), append([]string{"record", "-n", "1", "-listen", "127.0.0.1:0"}, flags...), &command.Std{Out: &out, Err: w})
			w.Close()
		}()
		lines := bufio.NewScanner(io.TeeReader(r, &said))
		lines.Scan()
		url, ok := strings.CutPrefix(lines.Text(), "listening on ")
		if !ok {
			return clitest.Result{Code: <-code, Stderr: said.String()}
		}
		go io.Copy(&said, r)
		clitest.Talk(t, nil, url, "", func(s *airsocket.Socket) {
			s.OnOpen(func(*airsocket.OpenEvent) { s.Send("hello") })
			s.OnMessage(func(*airsocket.MessageEvent) { s.Close(1000, "") })
		})
		return clitest.Result{Code: <-code, Stdout: out.String(), Stderr: said.String()}
	},
}

// All commands that connect do what the flags for that say.
func TestFlagsOfClients(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const cert = "../clientcert/testdata/cert.pem"
	pair, err := clientcert.Load(cert, "../clientcert/testdata/aes256.pem", func(string) (string, error) { return "secret", nil })
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := clitest.WritePEM(t, "PRIVATE KEY", der)
	for _, test := range []struct{ flags, url, want string }{
		{"-H X-A:1", s.plain, "\nX-A: 1\r"},
		{"-L -auth ada:secret", s.plain + "/moved", "\nAuthorization: Basic YWRhOnNlY3JldA==\r"},
		{"-bearer abc", s.plain, "\nAuthorization: Bearer abc\r"},
		{"-origin http://o.example", s.plain, "\nOrigin: http://o.example\r"},
		{"-subprotocol p1", s.plain, "\nSec-Websocket-Protocol: p1\r"},
		{"-version 8", s.plain, "\nSec-Websocket-Version: 8\r"},
		{"-compress", s.plain, "permessage-deflate"},
		{"-version 8 -deflate-stream", s.plain, "deflate-stream"},
		{"-dial " + s.plain, "other.example:81", "Host: other.example:81\r"},
		{"-proxy " + s.proxy, "other.example:81", "Host: other.example:81\r"},
		{"-k", "wss://" + s.secure, "Host: " + s.secure},
		{"-ca " + s.ca, "wss://" + s.secure, "Host: " + s.secure},
		{"-k -cert " + cert + " -key " + key, "wss://" + s.secure, "CN=client"},
	} {
		for name, run := range clientCommands {
			r := run(t, append(strings.Fields(test.flags), test.url))
			r.Want(t, exit.OK, "")
			select {
			case asked := <-s.asked:
				if !strings.Contains(asked, test.want) {
					t.Errorf("%s %s: the server was asked %q, which does not have %q", name, test.flags, asked, test.want)
				}
			default:
				t.Errorf("%s %s: the server was not asked; stderr: %s", name, test.flags, r.Stderr)
			}
			if strings.Contains(r.Stdout+r.Stderr, "secret") {
				t.Errorf("%s prints the password: %s%s", name, r.Stdout, r.Stderr)
			}
		}
	}
}

// All commands that connect have the limits of these flags.
func TestLimitsOfClients(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	mute := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	for name, run := range clientCommands {
		tooLong := "longer than this endpoint accepts"
		switch name {
		case "connect":
			tooLong = "a TEXT of -x is longer than -max-message"
		case "load":
			tooLong = "a message to send has 5 bytes, more than the 4 of -max-message"
		}
		for _, test := range []struct{ flags, url, say string }{
			{"-timeout 50ms", mute, "took too long"},
			{"-timeout 0", mute, "-timeout is 0; for no limit give forever"},
			{"-max-message 4", s.plain, tooLong},
		} {
			r := run(t, append(strings.Fields(test.flags), test.url))
			if !strings.Contains(r.Stdout+r.Stderr, test.say) {
				t.Errorf("%s %s does not say %q: %+v", name, test.flags, test.say, r)
			}
		}
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
