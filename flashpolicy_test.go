package airsocket_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

const policyRequest = "<policy-file-request/>\x00"

// askPolicy sends the pieces one after another and returns everything that is
// answered.
func askPolicy(t testing.TB, url string, pieces ...string) string {
	t.Helper()
	p := wstest.DialRaw(t, url)
	defer p.Close()
	for _, piece := range pieces {
		if _, err := io.WriteString(p, piece); err != nil {
			break // the server has read enough and closed the connection
		}
	}
	answer, _ := io.ReadAll(p.Reader)
	return string(answer)
}

// TestPolicyOfAServer checks that a Server with a policy answers policy requests on
// the port of its WebSockets, and goes on serving WebSockets and HTTP there.
func TestPolicyOfAServer(t *testing.T) {
	policy := &handshake.FlashPolicy{Domains: []string{`"<&*.example.com`}, Ports: []string{"443", "8000-8080"}}
	const text = `<?xml version="1.0"?><cross-domain-policy>` +
		`<allow-access-from domain="&quot;&lt;&amp;*.example.com" to-ports="443,8000-8080"/></cross-domain-policy>` + "\x00"
	for _, c := range []struct {
		name   string
		policy *handshake.FlashPolicy
		pieces []string
		want   string // how the answer begins, or all of it if it ends with NUL
	}{
		{"whole", policy, []string{policyRequest}, text},
		{"byte by byte", policy, strings.Split(policyRequest, ""), text},
		{"with more after it", policy, []string{policyRequest + policyRequest + "GET"}, text},
		{"nobody is allowed", &handshake.FlashPolicy{}, []string{policyRequest}, `<?xml version="1.0"?><cross-domain-policy></cross-domain-policy>` + "\x00"},
		{"no policy", nil, []string{policyRequest}, "HTTP/1.1 400 "},
		{"another element", policy, []string{"<policy-file-reques>>>\x00"}, "HTTP/1.1 400 "},
		{"a line end instead of NUL", policy, []string{"<policy-file-request/>\n", "\r\n\r\n"}, "HTTP/1.1 400 "},
		{"after a line end", policy, []string{"\r\n" + policyRequest, "\r\n\r\n"}, "HTTP/1.1 400 "},
		{"HTTP", policy, []string{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}, "HTTP/1.1 404 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			connected := 0
			srv := &airsocket.Server{FlashPolicy: c.policy, Handler: http.NotFoundHandler(), MaxConns: 1}
			srv.OnConnect(func(*airsocket.Socket) { connected++ })
			url := wstest.Serve(t, srv)
			got := askPolicy(t, url, c.pieces...)
			if strings.HasPrefix(c.want, "HTTP") {
				if !strings.HasPrefix(got, c.want) {
					t.Errorf("the answer is %q, want %q", got, c.want)
				}
			} else {
				if got != c.want {
					t.Errorf("the answer is %q, want %q", got, c.want)
				}
				wstest.ConnectRaw(t, url) // accepted although MaxConns is 1: policy requests do not count
			}
			srv.Close()
			if want := strings.Count(c.want, "\x00"); connected != want {
				t.Errorf("%d sockets, want %d", connected, want)
			}
		})
	}
}

// TestPolicyRequestsFailNothing checks that a policy request that is answered is not a
// handshake that has failed.
func TestPolicyRequestsFailNothing(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{FlashPolicy: &handshake.FlashPolicy{}, Options: &airsocket.Options{Dispatcher: d, Hooks: &airsocket.Hooks{
		HandshakeFailed: func(_ *airsocket.Socket, err error) { t.Errorf("a handshake has failed: %v", err) },
	}}}
	url := wstest.Serve(t, srv)
	for range 100 {
		askPolicy(t, url, policyRequest)
	}
	srv.Close()
	wstest.Run(t, d, func() {})
}

// TestPolicyRequestWithoutEnd checks that the limits of the opening handshake apply
// to policy requests too.
func TestPolicyRequestWithoutEnd(t *testing.T) {
	srv := &airsocket.Server{FlashPolicy: &handshake.FlashPolicy{}, Options: &airsocket.Options{HandshakeTimeout: time.Millisecond}}
	if got := askPolicy(t, wstest.Serve(t, srv), policyRequest[:10]); got != "" {
		t.Errorf("the answer is %q", got)
	}
}

func servePolicy(t testing.TB, srv *airsocket.FlashPolicyServer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; err != airsocket.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return "tcp://" + l.Addr().String()
}

// TestPolicyServerOnlyAnswersRequests checks that a FlashPolicyServer answers
// nothing but policy requests.
func TestPolicyServerOnlyAnswersRequests(t *testing.T) {
	srv := &airsocket.FlashPolicyServer{Policy: airsocket.FlashPolicyFor([]string{"a.example", "b.example"}, &net.TCPAddr{Port: 80}, &net.TCPAddr{Port: 8080})}
	const text = `<?xml version="1.0"?><cross-domain-policy><allow-access-from domain="a.example" to-ports="80,8080"/>` +
		`<allow-access-from domain="b.example" to-ports="80,8080"/></cross-domain-policy>` + "\x00"
	url := servePolicy(t, srv)
	for _, c := range []struct {
		pieces []string
		want   string
	}{
		{[]string{policyRequest}, text},
		{strings.Split(policyRequest, ""), text},
		{[]string{policyRequest + "more"}, text},
		{[]string{"<policy-file-request/>\n"}, ""},
		{[]string{"\x00" + policyRequest}, ""},
		{[]string{wstest.UpgradeRequest}, ""}, // it serves no WebSockets
		{[]string{strings.Repeat("x", 1<<20)}, ""},
	} {
		if got := askPolicy(t, url, c.pieces...); got != c.want {
			t.Errorf("%.60q is answered with %q", c.pieces, got)
		}
	}
}

// TestPolicyServerMaxConns checks that MaxConns limits the connections at a time,
// and that one that has ended makes room for another.
func TestPolicyServerMaxConns(t *testing.T) {
	srv := &airsocket.FlashPolicyServer{MaxConns: 2}
	url := servePolicy(t, srv)
	for range 10 {
		if got := askPolicy(t, url, policyRequest); got == "" {
			t.Fatal("no answer, although nobody else is connected")
		}
	}
	waiting := []*wstest.RawPeer{wstest.DialRaw(t, url), wstest.DialRaw(t, url)}
	if got := askPolicy(t, url, policyRequest); got != "" {
		t.Errorf("a client beyond MaxConns is answered with %q", got)
	}
	for _, p := range waiting {
		p.WriteRaw([]byte(policyRequest))
		if answer, _ := io.ReadAll(p.Reader); len(answer) == 0 {
			t.Error("a client within MaxConns is not answered")
		}
	}
}
