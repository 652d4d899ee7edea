package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestInteropChromium uses the WebSocket of a browser as a client.
func TestInteropChromium(t *testing.T) {
	b := startBrowser(t)
	chromium := peer{implementation: b, role: "client", version: wire.Hybi13, picks: "b", noHeader: true, noPing: true, quietPing: true, noRefusal: true}
	t.Run("plain", chromium.test)

	blobs := chromium
	blobs.options = map[string]any{"blobs": true}
	t.Run("blobs", blobs.testExchange)

	t.Run("compressed", func(t *testing.T) {
		c := &setup{}
		c.ours.Extensions = []extensions.Extension{extensions.PermessageDeflate{}}
		us, them := chromium.connect(t, c)
		open, theirs := us.want("open"), them.want("open")
		if !strings.Contains(open.Extensions, "permessage-deflate") || open.Extensions != theirs.Extensions {
			t.Errorf("the extensions are %q and %q", open.Extensions, theirs.Extensions)
		}
		chromium.exchangeMessages(t, us, them)
	})

	t.Run("wss", func(t *testing.T) {
		us, them := chromium.connect(t, &setup{serve: func(srv *airsocket.Server) {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
		}})
		us.want("open")
		them.want("open")
		chromium.exchangeMessages(t, us, them)
		us.do(sendClose(3000, "that is all"))
		if r := them.want("close"); r.Code != 3000 || r.Reason != "that is all" {
			t.Errorf("%s reports %v, want 3000", them.name, r)
		}
	})

	t.Run("other origin", func(t *testing.T) {
		elsewhere := &airsocket.Server{Handler: http.HandlerFunc(blankPage)}
		stranger := chromium
		stranger.options = map[string]any{"page": strings.Replace(wstest.Serve(t, elsewhere), "ws", "http", 1)}
		_, them := stranger.connect(t, &setup{})
		them.want("error")
		if r := them.want("close"); r.Code != 1006 {
			t.Errorf("%s reports %v, want 1006", them.name, r)
		}
		_, them = stranger.connect(t, &setup{ours: airsocket.Options{Origins: []string{"*"}}})
		them.want("open")
	})
}

// TestInteropChromiumBufferedAmount keeps a browser from sending by not
// reading.
func TestInteropChromiumBufferedAmount(t *testing.T) {
	b := startBrowser(t)
	srv := &airsocket.Server{Handler: http.HandlerFunc(blankPage), Options: &airsocket.Options{Parallel: true, MaxMessage: -1, MaxFrame: -1}}
	sockets := make(chan *airsocket.Socket, 1)
	received := make(chan int, 1)
	srv.OnConnect(func(s *airsocket.Socket) {
		s.Pause()
		s.OnMessage(func(e *airsocket.MessageEvent) { received <- len(e.Bytes()) })
		sockets <- s
	})
	url := wstest.Serve(t, srv)
	p := b.open(t, strings.Replace(url, "ws", "http", 1))
	const size = 64 << 20 // more than the system buffers
	p.Evaluate(`new Promise(resolve => {
		ws = new WebSocket(%q);
		ws.onopen = () => { ws.send(new Uint8Array(%d)); resolve(); };
	})`, url, size)
	p.Until("ws.bufferedAmount > 0")
	if n := p.Evaluate("ws.bufferedAmount"); n == 0.0 {
		t.Error("the browser could send everything to a server that does not read")
	}
	within(t, sockets).Resume()
	if n := within(t, received); n != size {
		t.Errorf("%d bytes were received, want %d", n, size)
	}
	p.Until("ws.bufferedAmount === 0")
}

// TestInteropChromiumHiddenTab waits in a tab that is not drawn because another
// tab hides it.
func TestInteropChromiumHiddenTab(t *testing.T) {
	b := startBrowser(t)
	url := strings.Replace(wstest.Serve(t, &airsocket.Server{Handler: http.HandlerFunc(blankPage)}), "ws", "http", 1)
	hidden := b.open(t, url)
	b.open(t, url)
	hidden.Until(`(window.looks = (window.looks || 0) + 1) > 3`)
}

// blankPage serves the page that a browser shows while its WebSocket is tested.
func blankPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Write([]byte("<!doctype html><title>blank</title>"))
}

// selfSigned returns a self-signed certificate for loopback.
func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
