package serve_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/handshake"
)

// TestInspectIsForThisMachine checks when the test page can show the server's side: by default
// only if nobody else can connect, and never with -inspect=false.
func TestInspectIsForThisMachine(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]int{
		"":                                      426,
		"--listen localhost:0":                  426,
		"--listen [::1]:0":                      426,
		"--inspect=false":                       404,
		"--listen 0.0.0.0:0":                    404,
		"--listen :0":                           404,
		"--listen :0 --inspect":                 426,
		"--trusted-proxy 192.0.2.1":             404,
		"--trusted-proxy 192.0.2.1 --inspect":   426,
		"--static . --listen localhost:0":       404,
		"--static . --inspect=false":            404,
		"--listen localhost:0 --listen :0":      404,
		"--metrics /metrics --health /observed": 426,
	} {
		if strings.Contains(flags, "::1") {
			l, err := net.Listen("tcp", "[::1]:0")
			if err != nil {
				continue // there is no IPv6
			}
			l.Close()
		}
		s := clitest.StartServe(t, strings.Fields(flags)...)
		res, err := http.Get(strings.Replace(s.URL(), "ws:", "http:", 1) + "observe")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: %s, want %d", flags, res.Status, want)
		}
		s.End()
	}
	clitest.Execute(t, nil, "serve", "-static", ".", "-inspect").Want(t, exit.Usage, "-inspect is of use only with the test page")
}

// TestInspectRefusedIsNoClient checks that a page that asks in vain to be shown the server's side
// is told so, and neither starts a program nor is among the clients.
func TestInspectRefusedIsNoClient(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--inspect=false", "--metrics", "/metrics", "--exec", os.Args[0], "--", "-test.run=^$")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	page := &airsocket.Options{Origin: strings.TrimSuffix(strings.Replace(s.URL(), "ws", "http", 1), "/"), Protocols: []string{"airsocket-observe"}}
	_, err := blocking.Dial(ctx, s.URL()+"observe", page)
	if refused, ok := errors.AsType[*handshake.Error](err); !ok || refused.Status != http.StatusNotFound {
		t.Errorf("got %v, want status 404", err)
	}
	res, err := http.Get(strings.Replace(s.URL(), "ws:", "http:", 1) + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(text), "\nwebsocket_opened_total 0\n") || strings.Contains(string(text), "\nwebsocket_refused_total{") {
		t.Errorf("the metrics are %s", text)
	}
	s.End()
}

// TestInspectShowsEachMode checks that the page is shown the connections to the echo server, to
// programs and to TCP servers alike, besides what metrics count.
func TestInspectShowsEachMode(t *testing.T) {
	t.Parallel()
	target := clitest.Listen(t, func(c net.Conn) { io.Copy(c, c) })
	for _, flags := range [][]string{
		nil,
		{"--metrics", "/metrics"},
		{"--tls-self-signed"},
		{"--tcp", target},
		{"--topics"},
		{"--broadcast"},
		{"--exec", os.Args[0], "--", "-test.run=^$"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		s := clitest.StartServe(t, flags...)
		client := &airsocket.Options{Origin: strings.TrimSuffix(strings.Replace(s.URL(), "ws", "http", 1), "/"), TLS: &tls.Config{InsecureSkipVerify: true}}
		client.Header = http.Header{"Cookie": {"airsocket-inspector=MINE; __Host-airsocket-inspector=MINE"}}
		own := client.Clone()
		own.Protocols = []string{"airsocket-observe"}
		observer, err := blocking.Dial(ctx, s.URL()+"observe", own)
		if err != nil {
			t.Fatalf("%q: %v", flags, err)
		}
		observer.WriteJSON(ctx, map[string]string{"watch": "/x"})
		var got []string
		for {
			var e struct{ Event string }
			if err := observer.ReadJSON(ctx, &e); err != nil {
				t.Fatalf("%q: %v after %q", flags, err, got)
			}
			if e.Event == "watching" {
				c, err := blocking.Dial(ctx, s.URL()+"x", client)
				if err != nil {
					t.Fatalf("%q: %v", flags, err)
				}
				go c.Close(airsocket.StatusNormalClosure, "")
			}
			if e.Event != "frame" {
				got = append(got, e.Event)
			}
			if e.Event == "close" {
				break
			}
		}
		if want := []string{"watching", "request", "answer", "open", "close"}; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", flags, got, want)
		}
		if len(flags) > 0 && flags[0] == "--metrics" {
			res, err := http.Get(strings.Replace(s.URL(), "ws:", "http:", 1) + "metrics")
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if !strings.Contains(string(text), "\nwebsocket_opened_total 1\n") {
				t.Errorf("the metrics are %s", text)
			}
		}
		observer.Close(airsocket.StatusNormalClosure, "")
		s.End()
	}
}
