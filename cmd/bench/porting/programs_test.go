package porting

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long the tests wait for what should happen at once.
const patience = 30 * time.Second

// TestPrograms builds the programs of PORTING-GO.md, those before and those after, and
// checks that they do the same.
func TestPrograms(t *testing.T) {
	guide, err := os.ReadFile("../../../PORTING-GO.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"gorilla/websocket": "github.com/gorilla/websocket",
		"coder/websocket":   "github.com/coder/websocket",
		"lxzan/gws":         "github.com/lxzan/gws",
	} {
		_, section, _ := strings.Cut(string(guide), "\n## "+name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		programs := programsOf(section)
		if len(programs) != 2 {
			t.Fatalf("%s: %d programs, want one before and one after", name, len(programs))
		}
		for i, role := range []string{"before", "after"} {
			t.Run(name+"/"+role, func(t *testing.T) {
				own, other := `"`+path+`"`, `"github.com/airsocket/airsocket"`
				if role == "after" {
					own, other = other, own
				}
				if !strings.Contains(programs[i], own) || strings.Contains(programs[i], other) {
					t.Fatalf("imports %s, or not %s", other, own)
				}
				testProgram(t, start(t, programs[i]))
			})
		}
	}
}

// programsOf returns the Go code in a part of a document.
func programsOf(text string) (programs []string) {
	for {
		var found bool
		if _, text, found = strings.Cut(text, "\n```go\n"); !found {
			return programs
		}
		program, rest, _ := strings.Cut(text, "\n```\n")
		programs, text = append(programs, program+"\n"), rest
	}
}

// inherited makes a program serve on a listener of the test, which connects to it
// without having to know when the program is ready.
const inherited = `package main

import (
	"net"
	"os"
)

func inherited() net.Listener {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	return l
}
`

// start builds and starts a server, and returns the URL at which it serves.
func start(t *testing.T, program string) (url string) {
	listening := strings.NewReplacer(
		`http.ListenAndServe("127.0.0.1:8080", nil)`, `http.Serve(inherited(), nil)`,
		`srv.ListenAndServe()`, `srv.Serve(inherited())`,
	).Replace(program)
	if strings.Count(listening, "inherited()") != 1 {
		t.Fatal("the program does not call ListenAndServe exactly once")
	}
	dir := t.TempDir()
	files := map[string]string{"main.go": listening, "inherited.go": inherited}
	args := []string{"build", "-o", filepath.Join(dir, "server")}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := exec.Command(filepath.Join(dir, "server"))
	server.ExtraFiles = []*os.File{file}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	return "ws://" + l.Addr().String()
}

// testProgram checks that a server echoes at /echo, and sends the messages of each
// client at /chat to all clients there.
func testProgram(t *testing.T, url string) {
	c := dial(t, url+"/echo")
	c.send(websocket.TextMessage, "text")
	c.want(websocket.TextMessage, "text")
	c.send(websocket.BinaryMessage, "\xff\x00")
	c.want(websocket.BinaryMessage, "\xff\x00")
	c.close()

	a := dial(t, url+"/chat")
	a.send(websocket.TextMessage, "a is here")
	a.want(websocket.TextMessage, "a is here")
	b := dial(t, url+"/chat")
	b.send(websocket.TextMessage, "b is here")
	b.want(websocket.TextMessage, "b is here")
	a.want(websocket.TextMessage, "b is here")
	a.send(websocket.TextMessage, "hello")
	a.want(websocket.TextMessage, "hello")
	b.want(websocket.TextMessage, "hello")
	b.close()
	a.send(websocket.TextMessage, "still here")
	a.want(websocket.TextMessage, "still here")
	a.close()
}

type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func dial(t *testing.T, url string) *client {
	t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, _, err := dialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(patience))
	return &client{t, conn}
}

func (c *client) send(kind int, data string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(kind, []byte(data)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) want(kind int, data string) {
	c.t.Helper()
	gotKind, got, err := c.conn.ReadMessage()
	if err != nil || gotKind != kind || string(got) != data {
		c.t.Fatalf("received %d %q %v, want %d %q", gotKind, got, err, kind, data)
	}
}

// close does the closing handshake.
func (c *client) close() {
	c.t.Helper()
	c.send(websocket.CloseMessage, string(websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")))
	if _, _, err := c.conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		c.t.Errorf("the answer to the close frame is %v", err)
	}
	c.conn.Close()
}
