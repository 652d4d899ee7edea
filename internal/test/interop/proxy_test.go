package interop

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// startListener runs a program until the end of the test, and waits until it
// listens on the address.
func startListener(t *testing.T, address, path string, args ...string) {
	t.Helper()
	gone := make(chan struct{})
	cmd := exec.CommandContext(t.Context(), path, args...)
	wstest.RunChild(t, cmd, cmd.StdoutPipe, func(lines *bufio.Scanner) {
		defer close(gone)
		for lines.Scan() {
		}
	})
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(interopTimeout); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case <-again.C:
		case <-gone:
			t.Fatalf("%s has ended", path)
		case <-deadline:
			t.Fatalf("%s does not listen", path)
		}
	}
}

// freeAddress returns an address on loopback on which nothing listens.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), port
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// throughProxy checks echoes over ws and wss through the proxy.
func throughProxy(t *testing.T, proxy string) {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	root := wstest.NewAuthority(t, nil)
	for _, url := range []string{wstest.ServeEcho(t, nil), wstest.ServeTLS(t, root.Issue(t, wstest.ServerCertificate()))} {
		wstest.Try(t, &airsocket.Options{Proxy: http.ProxyURL(u), TLS: root.ClientConfig()}, url).WantEcho(t)
	}
}

// refusedByProxy returns the error of the proxy for an attempt to connect.
func refusedByProxy(t *testing.T, proxy, to string) *airsocket.ProxyError {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	return wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, &airsocket.Options{Proxy: http.ProxyURL(u)}, to))
}

func TestInteropTinyproxy(t *testing.T) {
	tinyproxy := wstest.Find(t, "tinyproxy")
	address, port := freeAddress(t)
	config := "Listen 127.0.0.1\nTimeout 60\nMaxClients 20\nPort " + port + "\n"
	startListener(t, address, tinyproxy, "-d", "-c", writeFile(t, "tinyproxy.conf", config))
	throughProxy(t, "http://"+address)
	if e := refusedByProxy(t, "http://"+address, "ws://127.0.0.1:1"); e.Status/100 != 5 || len(e.Body) == 0 {
		t.Errorf("no server: %v with %q", e, e.Body)
	}
}

func TestInteropTinyproxyWithPassword(t *testing.T) {
	tinyproxy := wstest.Find(t, "tinyproxy")
	address, port := freeAddress(t)
	config := "Listen 127.0.0.1\nTimeout 60\nMaxClients 20\nBasicAuth user password\nPort " + port + "\n"
	startListener(t, address, tinyproxy, "-d", "-c", writeFile(t, "tinyproxy.conf", config))
	throughProxy(t, "http://user:password@"+address)
	for _, user := range []string{"", "user:wrong@"} {
		e := refusedByProxy(t, "http://"+user+address, "ws://127.0.0.1:1/")
		if e.Status != 407 && e.Status != 401 {
			t.Errorf("with %q: %v", user, e)
		}
	}
}

func TestInteropMicrosocks(t *testing.T) {
	microsocks := wstest.Find(t, "microsocks")
	address, port := freeAddress(t)
	startListener(t, address, microsocks, "-i", "127.0.0.1", "-p", port)
	throughProxy(t, "socks5://"+address)
	if e := refusedByProxy(t, "socks5://"+address, "ws://127.0.0.1:1"); !strings.Contains(e.Error(), "connection refused") {
		t.Errorf("no server: %v", e)
	}
}

func TestInteropMicrosocksWithPassword(t *testing.T) {
	microsocks := wstest.Find(t, "microsocks")
	address, port := freeAddress(t)
	startListener(t, address, microsocks, "-i", "127.0.0.1", "-p", port, "-u", "user", "-P", "pass:word")
	throughProxy(t, "socks5://user:pass%3Aword@"+address)
	if e := refusedByProxy(t, "socks5://"+address, "ws://127.0.0.1:1/"); !strings.Contains(e.Error(), "no acceptable authentication methods") {
		t.Errorf("without password: %v", e)
	}
	if e := refusedByProxy(t, "socks5://user:wrong@"+address, "ws://127.0.0.1:1/"); !strings.Contains(e.Error(), "authentication failed") {
		t.Errorf("with a wrong password: %v", e)
	}
}

const nginxConfig = `daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	scgi_temp_path %[1]s/scgi;
	uwsgi_temp_path %[1]s/uwsgi;
	server {
		listen %[2]s;
		listen %[3]s ssl;
		ssl_certificate %[1]s/cert.pem;
		ssl_certificate_key %[1]s/key.pem;
		location / {
			proxy_pass %[4]s;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $remote_addr;
		}
	}
}
`

// startNginx runs nginx, which is at path, as a reverse proxy for the server at
// upstream.
func startNginx(t *testing.T, path string, cert tls.Certificate, upstream string) (plain, secure string) {
	t.Helper()
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain, _ = freeAddress(t)
	secure, _ = freeAddress(t)
	config := writeFile(t, "nginx.conf", fmt.Sprintf(nginxConfig, dir, plain, secure, upstream))
	startListener(t, plain, path, "-e", "stderr", "-p", dir, "-c", config)
	return "ws://" + plain + "/", "wss://" + secure + "/"
}

// TestInteropNginx connects to a Server through nginx, with and without TLS on
// either side of nginx.
func TestInteropNginx(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	root := wstest.NewAuthority(t, nil)
	cert := root.Issue(t, wstest.ServerCertificate())
	for _, c := range []struct {
		scheme string
		config *tls.Config
	}{
		{"http", nil},
		{"https", &tls.Config{Certificates: []tls.Certificate{cert}}},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			opts := &airsocket.Options{Parallel: true, Compression: airsocket.CompressionTakeover, Protocols: []string{"chat"}}
			srv := wstest.Echoing(&airsocket.Server{Options: opts, TLSConfig: c.config})
			plain, secure := startNginx(t, nginx, cert, c.scheme+"://"+wstest.HostOf(wstest.Serve(t, srv)))
			for _, url := range []string{plain, secure} {
				exchangeThrough(t, url, &airsocket.Options{TLS: root.ClientConfig(), Compression: airsocket.CompressionTakeover})
				refused := wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig(), Origin: "https://other.example"}, url)
				if refused.Err == nil || refused.Err.Status != http.StatusForbidden {
					t.Errorf("%s with another origin: %+v", url, refused)
				}
			}
		})
	}
}

// exchangeThrough checks that messages of many sizes are echoed, that a ping is
// answered, and that the connection is closed cleanly.
func exchangeThrough(t *testing.T, url string, opts *airsocket.Options) {
	t.Helper()
	var got []int
	var ping string
	sizes := []int{0, 1, 125, 126, 4096, 65535, 65536, 1 << 20}
	d := new(airsocket.Dispatcher)
	opts.Dispatcher = d
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(opts)
		s.OnOpen(func(*airsocket.OpenEvent) {
			if s.Protocol() != "chat" || s.Extensions() == "" {
				t.Errorf("protocol %q, extensions %q", s.Protocol(), s.Extensions())
			}
			s.Ping([]byte("are you there"))
			for _, n := range sizes {
				s.Send(strings.Repeat("x", n))
			}
		})
		s.OnPong(func(e *airsocket.PongEvent) { ping = string(e.Data) })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if got = append(got, len(e.Bytes())); len(got) == len(sizes) {
				s.Close(4000, "enough")
			}
		})
		s.OnError(func(e *airsocket.ErrorEvent) { t.Errorf("error event: %v", e.Err) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			if e.Code != 4000 || e.Reason != "enough" || !e.WasClean {
				t.Errorf("close: %+v", e)
			}
		})
		if err := s.Connect(url, "chat"); err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Equal(got, sizes) || ping != "are you there" {
		t.Errorf("%s: messages of %v bytes and a pong of %q came back", url, got, ping)
	}
}

// TestInteropNginxWithoutServer checks that the status is nginx's own.
func TestInteropNginxWithoutServer(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	plain, _ := startNginx(t, nginx, wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate()), "http://127.0.0.1:1")
	if a := wstest.Try(t, &airsocket.Options{}, plain); a.Err.Status != http.StatusBadGateway || len(a.Err.Body) == 0 {
		t.Errorf("error event: %v with %q", a.Err.Err, a.Err.Body)
	}
}

// TestInteropNginxShutdown checks that clients are told through nginx, too,
// that a server shuts down.
func TestInteropNginxShutdown(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { go srv.Shutdown(context.WithoutCancel(t.Context())) })
	})
	plain, _ := startNginx(t, nginx, wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate()), "http://"+wstest.HostOf(wstest.Serve(t, srv)))
	d := new(airsocket.Dispatcher)
	var end *airsocket.CloseEvent
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnClose(func(e *airsocket.CloseEvent) { end = e })
		if err := s.Connect(plain); err != nil {
			t.Fatal(err)
		}
	})
	if end == nil || end.Code != airsocket.StatusGoingAway || !end.WasClean {
		t.Errorf("close event: %+v", end)
	}
}
