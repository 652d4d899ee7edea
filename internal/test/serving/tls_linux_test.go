package serving

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// overTLS returns a client of TLS on a new connection to the host of url.
func overTLS(t testing.TB, url string, config *tls.Config) *wstest.RawPeer {
	t.Helper()
	conn, err := net.Dial("tcp", wstest.HostOf(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(wstest.Patience))
	config = config.Clone()
	config.InsecureSkipVerify = true
	return wstest.NewRawPeer(t, tls.Client(conn, config), true)
}

// TestTLSConfigurations checks that versions, client certificates and session tickets work
// as with crypto/tls alone.
func TestTLSConfigurations(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	template := wstest.ServerCertificate()
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	cert := root.Issue(t, template)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := wstest.ServerConfig(t)
			config.SessionTicketsDisabled = false
			config.MinVersion, config.MaxVersion = version, version
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, root.Pool()
			srv := wstest.Echoing(&airsocket.Server{TLSConfig: config})
			states := make(chan tls.ConnectionState, 1)
			srv.OnRequest(func(r *airsocket.Request) {
				s, err := r.Accept("")
				if err != nil {
					t.Error(err)
					return
				}
				states <- s.Conn().(*tls.Conn).ConnectionState()
			})
			url := wstest.ServeWay(t, srv, wstest.ByTLS)
			client := &tls.Config{Certificates: []tls.Certificate{cert}, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			for resumed := range 3 {
				p := overTLS(t, url, client)
				p.Open()
				st := wstest.Receive(t, states)
				if st.Version != version || len(st.PeerCertificates) != 1 || st.DidResume != (resumed > 0) {
					t.Errorf("version %x, %d certificates, resumed is %v", st.Version, len(st.PeerCertificates), st.DidResume)
				}
				echo(p)
			}
			stranger := overTLS(t, url, &tls.Config{})
			stranger.Write([]byte(wstest.UpgradeRequest))
			if _, err := stranger.Reader.ReadByte(); !strings.Contains(fmt.Sprint(err), "certificate required") && version == tls.VersionTLS13 || err == nil {
				t.Errorf("a client without a certificate gets %v", err)
			}
		})
	}
}

// TestTLSFunctions checks that a function of the tls.Config may block, or end its
// goroutine, while other connections are served.
func TestTLSFunctions(t *testing.T) {
	for _, what := range []string{"block", "end"} {
		for _, in := range []string{"GetConfigForClient", "GetCertificate", "VerifyConnection"} {
			t.Run(what+"/"+in, func(t *testing.T) {
				begun, release := make(chan struct{}, most), make(chan struct{})
				act := func(name string) {
					if name != "act.example" {
						return
					}
					begun <- struct{}{}
					if what == "end" {
						runtime.Goexit()
					}
					<-release
				}
				config := wstest.ServerConfig(t)
				switch in {
				case "GetConfigForClient":
					config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { act(h.ServerName); return nil, nil }
				case "GetCertificate":
					certs := config.Certificates
					config.Certificates = nil
					config.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
						act(h.ServerName)
						return &certs[0], nil
					}
				case "VerifyConnection":
					config.VerifyConnection = func(st tls.ConnectionState) error { act(st.ServerName); return nil }
				}
				lost := make(chan error, most)
				srv := wstest.Echoing(&airsocket.Server{TLSConfig: config, Options: &airsocket.Options{
					Hooks: &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { lost <- err }},
				}})
				url := wstest.ServeWay(t, srv, wstest.ByTLS)
				other := wstest.ConnectRaw(t, url)
				const conns = 20
				done := make(chan *wstest.RawPeer, conns)
				for range conns {
					p := overTLS(t, url, &tls.Config{ServerName: "act.example"})
					go func() {
						p.Write([]byte(wstest.UpgradeRequest))
						done <- p
					}()
				}
				for range conns {
					wstest.Receive(t, begun)
				}
				echo(other)
				echo(wstest.ConnectRaw(t, url))
				close(release)
				for range conns {
					p := wstest.Receive(t, done)
					if what == "block" {
						p.ReadResponse()
						echo(p)
					} else if err := wstest.Receive(t, lost); haveWorkers && !strings.Contains(fmt.Sprint(err), "has ended the goroutine") {
						t.Errorf("the handshake has failed with %v", err)
					}
				}
			})
		}
	}
}

// helloOf returns the first message of a client of TLS.
func helloOf(t *testing.T) []byte {
	var first firstWrite
	tls.Client(&first, &tls.Config{InsecureSkipVerify: true}).Handshake()
	if len(first.b) < 100 {
		t.Fatalf("the first message has %d bytes", len(first.b))
	}
	return first.b
}

// A firstWrite keeps what is written to it.
type firstWrite struct {
	net.Conn
	b []byte
}

func (w *firstWrite) Write(p []byte) (int, error) { w.b = append(w.b, p...); return len(p), nil }
func (w *firstWrite) Read([]byte) (int, error)    { return 0, io.EOF }
func (w *firstWrite) Close() error                { return nil }

// TestEndsOfHandshakesOverTLS checks that an opening handshake over TLS can be ended
// wherever it is, from both sides.
func TestEndsOfHandshakesOverTLS(t *testing.T) {
	hello := helloOf(t)
	reached := map[string]func(p *wstest.RawPeer){
		"nothing sent":       func(p *wstest.RawPeer) {},
		"half a hello":       func(p *wstest.RawPeer) { p.TCP().Write(hello[:len(hello)/2]) },
		"a hello":            func(p *wstest.RawPeer) { p.TCP().Write(hello) },
		"TLS handshake done": func(p *wstest.RawPeer) { p.Conn.(*tls.Conn).Handshake() },
		"half a head":        func(p *wstest.RawPeer) { p.WriteRaw([]byte(wstest.UpgradeRequest[:half])) },
		"half a record": func(p *wstest.RawPeer) {
			p.Conn.(*tls.Conn).Handshake()
			p.TCP().Write([]byte{23, 3, 3, 1, 0, 7})
		},
	}
	ends := map[string]func(p *wstest.RawPeer, srv *airsocket.Server) error{
		"timeout":      func(*wstest.RawPeer, *airsocket.Server) error { return airsocket.ErrHandshakeTimeout },
		"Server.Close": func(_ *wstest.RawPeer, srv *airsocket.Server) error { srv.Close(); return airsocket.ErrServerClosed },
		"Shutdown": func(_ *wstest.RawPeer, srv *airsocket.Server) error {
			srv.Shutdown(context.Background())
			return airsocket.ErrServerClosed
		},
		"FIN": func(p *wstest.RawPeer, _ *airsocket.Server) error { p.TCP().CloseWrite(); return nil },
		"RST": func(p *wstest.RawPeer, _ *airsocket.Server) error { p.Reset(); return nil },
		"garbage": func(p *wstest.RawPeer, _ *airsocket.Server) error {
			p.TCP().Write([]byte(strings.Repeat("garbage ", 10_000))) // more than any record
			return nil
		},
	}
	for at, reach := range reached {
		for how, end := range ends {
			t.Run(at+"/"+how, func(t *testing.T) {
				opts := &airsocket.Options{HandshakeTimeout: time.Hour}
				if how == "timeout" {
					opts.HandshakeTimeout = 20 * time.Millisecond
				}
				lost := make(chan error, most)
				opts.Hooks = &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { lost <- err }}
				srv := &airsocket.Server{Options: opts}
				url := wstest.ServeWay(t, srv, wstest.ByTLS)
				p := wstest.DialRaw(t, url)
				if how == "timeout" { // which may come early
					p.T = quiet{t}
				}
				reach(p)
				if how != "timeout" && how != "garbage" {
					wstest.DialRaw(t, url).Conn.(*tls.Conn).Handshake() // so p has been accepted
				}
				want := end(p, srv)
				if err := wstest.Receive(t, lost); err == nil || want != nil && !errors.Is(err, want) {
					t.Errorf("the handshake has failed with %v, want %v", err, want)
				}
				if how != "RST" {
					io.Copy(io.Discard, p.TCP()) // up to the end
				}
			})
		}
	}
}

// quiet is a test whose peers may fail to write.
type quiet struct{ testing.TB }

func (quiet) Fatalf(string, ...any) {}

// TestHTTPSBeforeUpgrade checks that a Server answers requests over TLS with its Handler,
// and an opening handshake on the same connection after them.
func TestHTTPSBeforeUpgrade(t *testing.T) {
	srv := wstest.Echoing(&airsocket.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.TLS == nil || err != nil {
			t.Errorf("TLS is %v, error %v", r.TLS, err)
		}
		w.Write(body)
	})})
	url := wstest.ServeWay(t, srv, wstest.ByTLS)
	var open []*wstest.RawPeer
	for range 3 {
		p := wstest.DialRaw(t, url)
		for _, n := range []int{0, 10, 1 << 20} {
			go fmt.Fprintf(p, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n))
			res := p.ReadResponse()
			if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || len(body) != n {
				t.Errorf("status %d with %d bytes, want %d", res.StatusCode, len(body), n)
			}
		}
		p.Open()
		echo(p)
		open = append(open, p)
	}
	for _, p := range open {
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.WantClose(1000)
		p.WantEOF()
	}
}

// TestEndsOfTLS checks how a connection ends that its peer ends in the ways of TLS.
func TestEndsOfTLS(t *testing.T) {
	for name, end := range map[string]func(p *wstest.RawPeer){
		"close_notify": func(p *wstest.RawPeer) { p.Conn.(*tls.Conn).CloseWrite() },
		"close_notify with data": func(p *wstest.RawPeer) {
			(&guest{RawPeer: p}).cork()
			p.Send(wstest.OpText, "last")
			p.Conn.(*tls.Conn).CloseWrite()
			(&guest{RawPeer: p}).finish()
		},
		"FIN within a record": func(p *wstest.RawPeer) { p.TCP().Write([]byte{23, 3, 3, 0, 99, 1}); p.TCP().CloseWrite() },
		"FIN within a header": func(p *wstest.RawPeer) { p.TCP().Write([]byte{23, 3}); p.TCP().CloseWrite() },
		"RST within a record": func(p *wstest.RawPeer) { p.TCP().Write([]byte{23, 3, 3, 0, 99, 1}); p.Reset() },
		"a record too long":   func(p *wstest.RawPeer) { p.TCP().Write([]byte{23, 3, 3, 0xff, 0xff}) },
		"a bad record":        func(p *wstest.RawPeer) { p.TCP().Write(append([]byte{23, 3, 3, 0, 30}, make([]byte, 30)...)) },
		"no record":           func(p *wstest.RawPeer) { p.TCP().Write([]byte("GET / HTTP/1.1\r\n\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, wstest.ByTLS, noTimeouts)
			g := h.arrive()
			g.open()
			g.echo("first")
			end(g.RawPeer)
			wstest.Receive(t, g.at.closed)
			want := []string{"open", "text first"}
			if strings.HasSuffix(name, "with data") {
				want = append(want, "text last")
			}
			g.at.Want(append(want, "error", `close 1006 "" unclean`)...)
			if !strings.HasPrefix(name, "RST") {
				io.Copy(io.Discard, g.TCP()) // up to the end
			}
		})
	}
}
