package pages

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// peers is the folder with what npm has installed.
const peers = "../../../internal/test/interop/testdata/peers"

// peer returns the path of a file that npm has installed.
func peer(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(peers, "node_modules", name)
	if _, err := os.Stat(path); err != nil {
		wstest.Missing(t, name+" from npm, in "+peers)
	}
	return path
}

// read returns what is in a file.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// program compiles the scripts of a page, which come one after the other behind the
// document.
func program(t *testing.T, scripts ...string) *bot.Program {
	t.Helper()
	all := append([]string{read(t, "testdata/document.js")}, scripts...)
	p, err := bot.Compile("page.js", []byte(strings.Join(all, "\n;")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var scriptElement = regexp.MustCompile(`(?s)<script[^>]*?(?: src="([^"]+)")?>(.*?)</script>`)

// scripts returns the scripts of a page, and of the files that it names, in their order.
func scripts(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, m := range scriptElement.FindAllStringSubmatch(read(t, page), -1) {
		if m[1] != "" {
			m[2] = read(t, filepath.Join(filepath.Dir(page), m[1]))
		}
		all = append(all, m[2])
	}
	return all
}

// TestDocumentIsShort checks that the stand-in stays one.
func TestDocumentIsShort(t *testing.T) {
	if n := strings.Count(read(t, "testdata/document.js"), "\n"); n > 30 {
		t.Errorf("the stand-in for the document has %d lines", n)
	}
}

// TestInteropSamplePage uses the sample page of web-socket-js, with all its scripts: it is
// loaded, a text is sent with the form, and the button closes the connection.
func TestInteropSamplePage(t *testing.T) {
	all := scripts(t, peer(t, "socket.io-client-0.8/lib/vendor/web-socket-js/sample.html"))
	if len(all) != 3 {
		t.Fatalf("the page has %d scripts, and should have swfobject.js, web_socket.js and its own", len(all))
	}
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(m *airsocket.MessageEvent) { s.SendMessage(m.Kind(), m.Bytes()) })
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()

	var printed []string
	err = bot.New(program(t, append(all, read(t, "testdata/sample-user.js"))...), &bot.Options{
		URL:     "http://localhost:10081/sample.html",
		Console: func(_, text string) { printed = append(printed, text) },
		Socket: &airsocket.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "localhost:10081" {
				return nil, errors.New("the page connects to " + address)
			}
			return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
		}},
	}).Run(t.Context())
	const text = "&lt;b&gt; &amp; &quot;c\""
	want := "onclose<br>onmessage: " + text + "<br>send: " + text + "<br>onopen<br>"
	if err != nil || len(printed) != 1 || printed[0] != want {
		t.Errorf("the page shows %q, and should show %q: %v", printed, want, err)
	}
}

// TestInteropFaye runs Faye's own client for browsers, against Faye's server.
func TestInteropFaye(t *testing.T) {
	node := wstest.Find(t, "node")
	client := peer(t, "faye/client/faye-browser.js")
	cmd := exec.Command(node, "-e", read(t, "testdata/faye-server.js"))
	cmd.Dir, cmd.Stderr = peers, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	err = bot.New(program(t, read(t, client), read(t, "testdata/faye-page.js")), &bot.Options{
		URL:     "http://127.0.0.1:" + strings.TrimSpace(port) + "/",
		Console: func(_, text string) { printed = append(printed, text) },
	}).Run(t.Context())
	if err != nil || !strings.Contains(strings.Join(printed, "\n"), "bot: hello (websocket)") {
		t.Errorf("the page has printed %q: %v", printed, err)
	}
}
