package connecting

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// saying starts a server that reads what a client sends first and then sends
// answer.
func saying(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4<<10))
			conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// An error says so if ws was used instead of wss, or wss instead of ws.
func TestWrongScheme(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	serverTLS := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	secure, plain := httptest.NewTLSServer(page), httptest.NewServer(page)
	defer secure.Close()
	defer plain.Close()
	const ws, wss = "use ws instead of wss", "use wss instead of ws"
	for name, c := range map[string]struct{ scheme, address, hint string }{
		"ws to net/http with TLS":          {"ws", secure.Listener.Addr().String(), wss},
		"ws to Server with TLS":            {"ws", wstest.ServeBy(t, "Server", serverTLS), wss},
		"ws to StartServer with TLS":       {"ws", wstest.ServeBy(t, "StartServer", serverTLS), wss},
		"ws to an alert":                   {"ws", saying(t, "\x15\x03\x01\x00\x02\x02\x46"), wss},
		"ws to nginx":                      {"ws", saying(t, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>"), wss},
		"ws to Apache":                     {"ws", saying(t, "HTTP/1.1 400 Bad Request\r\nContent-Length: 67\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br>"), wss},
		"ws to another 400":                {"ws", saying(t, "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n"), ""},
		"ws to ssh":                        {"ws", saying(t, "SSH-2.0-OpenSSH_9.2\r\n"), ""},
		"ws to a server that says nothing": {"ws", saying(t, ""), ""},
		"wss to net/http":                  {"wss", plain.Listener.Addr().String(), ws},
		"wss to Server":                    {"wss", wstest.ServeBy(t, "Server", nil), ws},
		"wss to Upgrade":                   {"wss", wstest.ServeBy(t, "Upgrade", nil), ws},
		"wss to an alert":                  {"wss", saying(t, "\x15\x03\x01\x00\x02\x02\x46"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, c.scheme+"://"+c.address+"/")
			if a.Err == nil {
				t.Fatal("no error")
			}
			text := a.Err.Err.Error()
			if hint := strings.Contains(text, "instead of"); hint != (c.hint != "") || !strings.Contains(text, c.hint) {
				t.Errorf("%s, want %q", text, c.hint)
			}
			if _, ok := errors.AsType[tls.RecordHeaderError](a.Err.Err); c.hint == ws && !ok {
				t.Errorf("%v has no tls.RecordHeaderError", a.Err.Err)
			}
		})
	}
}
