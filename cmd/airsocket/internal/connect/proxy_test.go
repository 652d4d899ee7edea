package connect_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// startProxy starts a proxy with the CONNECT method, which connects to the server at to,
// whatever it is asked for, and returns its address. It sends what it was asked.
func startProxy(t *testing.T, to string, asked chan<- string) (address string) {
	s := httptest.NewServer(clitest.Tunnel(t, to, asked))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestProxy(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	host := strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/")
	asked := make(chan string, 10)
	proxy := startProxy(t, host, asked)
	for url, want := range map[string]string{
		proxy:                       "CONNECT server.example:80 ",
		"http://" + proxy:           "CONNECT server.example:80 ",
		"http://user:pass@" + proxy: "CONNECT server.example:80 Basic dXNlcjpwYXNz",
	} {
		r := connectWith(t, "", "ws://server.example/", "-x hello -n 1 -proxy "+url)
		if r.Want(t, exit.OK, ""); r.Stdout != "hello\n" {
			t.Errorf("-proxy %s: stdout is %q", url, r.Stdout)
		} else if got := <-asked; got != want {
			t.Errorf("-proxy %s: the proxy was asked %q, want %q", url, got, want)
		}
	}
	for url, say := range map[string]string{
		"gopher://a":      "-proxy: the scheme is gopher; http, https and socks5 are possible",
		"http://":         "-proxy is not a URL such as",
		"u:secret@%zz:1":  "-proxy is not a URL such as",
		"http://\x7fbad/": "-proxy is not a URL such as",
	} {
		r := clitest.Execute(t, nil, "connect", "ws://a/", "-proxy", url)
		if r.Want(t, exit.Usage, say); strings.Contains(r.Stderr, "secret") {
			t.Errorf("the password is printed: %s", r.Stderr)
		}
	}
}

// The environment names a proxy, which -proxy none leaves out.
func TestProxyOfEnvironment(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	s := clitest.StartServe(t)
	proxy := startProxy(t, strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/"), asked)
	cmd := clitest.AsProgram("connect", "ws://server.invalid/", "-x", "hello", "-n", "1")
	cmd.Env = append(cmd.Env, "HTTP_PROXY=http://"+proxy)
	if out, err := cmd.Output(); err != nil || string(out) != "hello\n" {
		t.Errorf("with HTTP_PROXY: %v, %q", err, out)
	}
	<-asked
	cmd = clitest.AsProgram("connect", "ws://server.invalid/", "-x", "hello", "-n", "1", "-proxy", "none")
	cmd.Env = append(cmd.Env, "HTTP_PROXY=http://"+proxy)
	if cmd.Run(); cmd.ProcessState.ExitCode() != exit.Connect || len(asked) > 0 {
		t.Errorf("with -proxy none: exit code %d, the proxy was asked %d times", cmd.ProcessState.ExitCode(), len(asked))
	}
}

// The connection to an https proxy is checked as that to a server, and the proxy is not told
// who the client is.
func TestSecureProxy(t *testing.T) {
	t.Parallel()
	host := strings.Trim(strings.TrimPrefix(clitest.StartServe(t).URL(), "ws:"), "/")
	asked := make(chan string, 10)
	through := clitest.Tunnel(t, host, asked)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := len(r.TLS.PeerCertificates); n > 0 {
			t.Errorf("the proxy has %d certificates of the client", n)
		}
		through.ServeHTTP(w, r)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of the client that does not trust it
	s.StartTLS()
	t.Cleanup(s.Close)
	_, cert := plainKey(t)
	flags := "-x hello -n 1 -cert " + cert + " -proxy https://user:pass@" + strings.TrimPrefix(s.URL, "https://")
	for _, trust := range []string{" -k", " -ca " + clitest.WritePEM(t, "CERTIFICATE", s.Certificate().Raw)} {
		r := connectWith(t, "", "ws://server.example/", flags+trust)
		if r.Want(t, exit.OK, ""); r.Stdout != "hello\n" {
			t.Errorf("%s: stdout is %q", trust, r.Stdout)
		} else if got := <-asked; got != "CONNECT server.example:80 Basic dXNlcjpwYXNz" {
			t.Errorf("%s: the proxy was asked %q", trust, got)
		}
	}
	r := connectWith(t, "", "ws://server.example/", flags)
	if r.Want(t, exit.TLS, "certificate"); len(asked) > 0 || strings.Contains(r.Stderr, "pass") {
		t.Errorf("a proxy that is not trusted was asked %d times; %s", len(asked), r.Stderr)
	}
}

// With -dial the request has the host of the URL.
func TestDial(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	address := clitest.Listen(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			t.Error(err)
			return
		}
		asked <- r.Host
	})
	connectWith(t, "", "ws://server.example:81/", "-x a -dial "+address).Want(t, exit.Refused, "before the handshake")
	if got := <-asked; got != "server.example:81" {
		t.Errorf("the host is %s", got)
	}
	for flags, say := range map[string]string{
		"-dial server.example": `-dial "server.example" is not HOST:PORT`,
		"-dial a:1 -proxy b:1": "-dial and -proxy are given",
	} {
		connectWith(t, "", "ws://a/", flags).Want(t, exit.Usage, say)
	}
}
