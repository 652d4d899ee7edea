package pages

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// peers is the folder with what npm has installed.
const peers = "../../../internal/test/interop/testdata/peers"

// program compiles the scripts of a page, which come one after the other behind the
// document.
func program(t *testing.T, scripts ...string) *bot.Program {
	t.Helper()
	var all []byte
	for _, name := range append([]string{"testdata/document.js"}, scripts...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, text...), "\n;"...)
	}
	p, err := bot.Compile("page.js", all)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestDocumentIsShort checks that the stand-in stays one.
func TestDocumentIsShort(t *testing.T) {
	text, err := os.ReadFile("testdata/document.js")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 30 {
		t.Errorf("the stand-in for the document has %d lines", n)
	}
}

// TestEchoPage uses a page as a person does: it is loaded, a text is sent with the form, and
// the button closes the connection.
func TestEchoPage(t *testing.T) {
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

	user := filepath.Join(t.TempDir(), "user.js")
	if err := os.WriteFile(user, []byte(`
		init();
		ws.addEventListener("open", () => {
			document.getElementById("input").value = "<b> & \"c\"";
			submitted();
		});
		ws.addEventListener("message", closeClicked);
		ws.addEventListener("close", () => console.log(document.getElementById("log").innerHTML));
	`), 0o600); err != nil {
		t.Fatal(err)
	}
	var printed []string
	err = bot.New(program(t, "testdata/echo-page.js", user), &bot.Options{
		URL:     "http://" + l.Addr().String() + "/sample.html",
		Console: func(_, text string) { printed = append(printed, text) },
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
	client := filepath.Join(peers, "node_modules/faye/client/faye-browser.js")
	if _, err := os.Stat(client); err != nil {
		wstest.Missing(t, "faye from npm, in "+peers)
	}
	server, err := os.ReadFile("testdata/faye-server.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", string(server))
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
	err = bot.New(program(t, client, "testdata/faye-page.js"), &bot.Options{
		URL:     "http://127.0.0.1:" + strings.TrimSpace(port) + "/",
		Console: func(_, text string) { printed = append(printed, text) },
	}).Run(t.Context())
	if err != nil || !strings.Contains(strings.Join(printed, "\n"), "bot: hello (websocket)") {
		t.Errorf("the page has printed %q: %v", printed, err)
	}
}
