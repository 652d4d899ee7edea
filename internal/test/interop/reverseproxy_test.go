package interop

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// trusted are the addresses from which the proxies of these tests connect.
var trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// tellAddrs makes srv send each client the addresses that it sees.
func tellAddrs(srv *airsocket.Server) *airsocket.Server {
	srv.OnRequest(func(r *airsocket.Request) {
		s, err := r.Accept("")
		if err != nil {
			return
		}
		ip := r.RemoteIP()
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send(fmt.Sprintf("%v %v %v", ip, s.RemoteAddr(), s.LocalAddr()))
		})
	})
	return srv
}

// addrsThrough connects to url from another address than a proxy's. It returns the address
// of the client, and what a server of tellAddrs has sent.
func addrsThrough(t *testing.T, url string, opts *airsocket.Options) (client net.Addr, told string) {
	t.Helper()
	d := new(airsocket.Dispatcher)
	opts.Dispatcher = d
	opts.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}}).DialContext(ctx, network, address)
	}
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(opts)
		s.OnOpen(func(*airsocket.OpenEvent) { client = s.LocalAddr() })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			told = e.Text()
			s.Close(1000, "")
		})
		s.OnError(func(e *airsocket.ErrorEvent) { t.Errorf("%s: %v", url, e.Err) })
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
	})
	return client, told
}

// wantTold checks that a server behind the proxy at address sees the client as if there
// was no proxy.
func wantTold(t *testing.T, scheme, address string, opts *airsocket.Options) {
	t.Helper()
	client, told := addrsThrough(t, scheme+"://"+address+"/", opts)
	if want := fmt.Sprintf("127.0.0.3 %v %s", client, address); told != want {
		t.Errorf("%s through %s: the server sees %q, want %q", scheme, address, told, want)
	}
}

// streamModule returns the path of nginx's module for TCP.
func streamModule(t *testing.T, nginx string) string {
	t.Helper()
	about, err := exec.Command(nginx, "-V").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`--modules-path=(\S+)`).FindSubmatch(about)
	if m == nil {
		t.Fatalf("%s does not say where its modules are: %s", nginx, about)
	}
	found, _ := filepath.Glob(filepath.Join(string(m[1]), "ngx_stream_module.so"))
	if len(found) == 0 {
		wstest.Missing(t, "nginx's module stream")
	}
	return found[0]
}

// TestInteropNginxStream connects to Servers with and without TLS through nginx, which
// sends headers of the PROXY protocol, version 1.
func TestInteropNginxStream(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	module := streamModule(t, nginx)
	plain, _ := freeAddress(t)
	secure, _ := freeAddress(t)
	config := "stream {\nproxy_protocol on;\n"
	for _, c := range []struct{ way, address string }{{wstest.ByListen, plain}, {wstest.ByTLS, secure}} {
		url := wstest.ServeWay(t, tellAddrs(&airsocket.Server{ProxyProtocol: trusted}), c.way)
		config += fmt.Sprintf("server {\nlisten %s;\nproxy_pass %s;\n}\n", c.address, wstest.HostOf(url))
	}
	runNginx(t, nginx, plain, "load_module "+module+";\n", config+"}\n")
	wantTold(t, "ws", plain, &airsocket.Options{})
	wantTold(t, "wss", secure, &airsocket.Options{TLS: &tls.Config{InsecureSkipVerify: true}})
}

// TestInteropHAProxy connects to Servers with and without TLS through HAProxy, which sends
// headers of both versions, and those of version 2 for its health checks and with TLVs too.
func TestInteropHAProxy(t *testing.T) {
	haproxy := wstest.Find(t, "haproxy")
	config := "defaults\nmode tcp\ntimeout connect 10s\ntimeout client 60s\ntimeout server 60s\n"
	type proxy struct{ scheme, address string }
	var proxies []proxy
	for i, option := range []string{"send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id check inter 50ms"} {
		for scheme, way := range map[string]string{"ws": wstest.ByListen, "wss": wstest.ByTLS} {
			url := wstest.ServeWay(t, tellAddrs(&airsocket.Server{ProxyProtocol: trusted}), way)
			address, _ := freeAddress(t)
			proxies = append(proxies, proxy{scheme, address})
			config += fmt.Sprintf("listen %s%d\nbind %s\nunique-id-format %%[uuid()]\nserver s %s %s\n", scheme, i, address, wstest.HostOf(url), option)
		}
	}
	startListener(t, proxies[0].address, haproxy, "-db", "-f", writeFile(t, "haproxy.cfg", config))
	for _, p := range proxies {
		wantTold(t, p.scheme, p.address, &airsocket.Options{TLS: &tls.Config{InsecureSkipVerify: true}})
	}
}

// TestInteropNginxBeforeHandler checks the address of the client of a Server that is mounted
// in net/http, behind nginx.
func TestInteropNginxBeforeHandler(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	srv := tellAddrs(&airsocket.Server{TrustedProxies: trusted})
	srv.Options = wstest.OwnDispatcher(nil)
	t.Cleanup(func() { srv.Close() })
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	upstream := wstest.HostOf(wstest.ServeHandler(t, mux))
	plain, _ := startNginx(t, nginx, wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate()), "http://"+upstream)
	_, told := addrsThrough(t, plain+"ws", &airsocket.Options{})
	ip, rest, _ := strings.Cut(told, " ")
	if ip != "127.0.0.3" || !strings.HasPrefix(rest, "127.0.0.1:") || !strings.HasSuffix(rest, " "+upstream) {
		t.Errorf("the server sees %q", told)
	}
}
