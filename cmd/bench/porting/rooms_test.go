package porting

import (
	"bufio"
	"fmt"
	"go/scanner"
	"go/token"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A program is one of the two in the folder rooms, running.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	addr string
}

// startRooms builds and starts a program.
func startRooms(t *testing.T, name string) *program {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./rooms/"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	p := &program{t: t, cmd: exec.Command(file, "-addr", "127.0.0.1:0")}
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if p.addr, _ = strings.CutPrefix(strings.TrimSpace(line), "listening on "); err != nil || p.addr == "" {
		t.Fatalf("the program says %q, %v", line, err)
	}
	return p
}

// A guest is a client that notes what it receives.
type guest struct {
	*client
	name string
	got  []string
}

// join connects a client, which has received everything up to its own arrival.
func (p *program) join(room, name string) *guest {
	p.t.Helper()
	d := websocket.Dialer{HandshakeTimeout: patience}
	conn, _, err := d.Dial("ws://"+p.addr+"/?room="+room+"&name="+name, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(patience))
	g := &guest{client: &client{p.t, conn}, name: name}
	g.read("* " + name + " has joined")
	return g
}

// read reads until the line has come.
func (g *guest) read(until string) {
	g.t.Helper()
	for len(g.got) == 0 || g.got[len(g.got)-1] != until {
		_, line, err := g.conn.ReadMessage()
		if err != nil {
			g.t.Fatalf("%s waits for %.100q: %v", g.name, until, err)
		}
		g.got = append(g.got, string(line))
	}
}

// say sends a line, and returns when it has come back.
func (g *guest) say(line string) {
	g.t.Helper()
	g.send(websocket.TextMessage, line)
	g.read(g.name + ": " + line)
}

// ended returns with which status code the server closes the connection.
func (g *guest) ended() string {
	defer g.conn.Close()
	for {
		if _, line, err := g.conn.ReadMessage(); err == nil {
			g.got = append(g.got, string(line))
		} else if e, ok := err.(*websocket.CloseError); ok {
			return fmt.Sprintf("%s ends with %d", g.name, e.Code)
		} else {
			return err.Error()
		}
	}
}

// play has clients of a program do this and that, and returns what has come of it.
func (p *program) play() (story []string) {
	p.t.Helper()
	for _, query := range []string{"", "room=go", "name=ann", "room=go&name=", "room=go&name=" + strings.Repeat("x", 21), "room=%ff&name=x"} {
		_, res, _ := websocket.DefaultDialer.Dial("ws://"+p.addr+"/?"+query, nil)
		if res == nil {
			p.t.Fatalf("no response to %q", query)
		}
		story = append(story, res.Status)
	}
	res, err := http.Get("http://" + p.addr + "/?room=go&name=ann")
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	story = append(story, res.Status)

	ann := p.join("go", "ann")
	cid := p.join("c", "cid")
	bob := p.join("go", "bob")
	ann.read("* bob has joined")
	ann.say("hello")
	cid.say("alone")
	bob.say("hello, ann")
	ann.send(websocket.BinaryMessage, "as text")
	ann.read("ann: as text")
	bob.read("ann: as text")
	bob.close()
	ann.read("* bob has left")

	eve := p.join("go", "eve")
	eve.send(websocket.TextMessage, strings.Repeat("x", 4<<10+1))
	story = append(story, eve.ended())
	ann.read("* eve has left")
	fay := p.join("go", "fay")
	fay.send(websocket.TextMessage, "\xff")
	story = append(story, fay.ended())
	ann.read("* fay has left")
	ann.say("bye")

	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	// In the closing handshake they may still hear that others leave.
	story = append(story, ann.ended(), cid.ended(), fmt.Sprint("exit: ", p.cmd.Wait()))
	for _, g := range []*guest{ann, bob, cid, eve, fay} {
		story = append(story, g.name+" has received "+strings.Join(g.got, ", "))
	}
	return story
}

// programs are the names of the two programs.
var programs = []string{"airsocket", "coder"}

// TestRoomsAlike checks that the two programs do the same.
func TestRoomsAlike(t *testing.T) {
	var stories [][]string
	for _, name := range programs {
		stories = append(stories, startRooms(t, name).play())
	}
	want := []string{
		"400 Bad Request", "400 Bad Request", "400 Bad Request", "400 Bad Request", "400 Bad Request", "400 Bad Request", "426 Upgrade Required",
		"eve ends with 1009", "fay ends with 1007",
		"ann ends with 1001", "cid ends with 1001", "exit: <nil>",
		"ann has received * ann has joined, * bob has joined, ann: hello, bob: hello, ann, ann: as text, * bob has left, * eve has joined, * eve has left, * fay has joined, * fay has left, ann: bye",
		"bob has received * bob has joined, ann: hello, bob: hello, ann, ann: as text",
		"cid has received * cid has joined, cid: alone",
		"eve has received * eve has joined",
		"fay has received * fay has joined",
	}
	for i, story := range stories {
		if !slices.Equal(story, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", programs[i], strings.Join(story, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestRoomsSkip checks that a client that does not read misses messages in both programs,
// that the others get all of them, and that it gets later ones when it reads again.
func TestRoomsSkip(t *testing.T) {
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			p := startRooms(t, name)
			slow := p.join("go", "slow")
			ann := p.join("go", "ann")
			const sent = 4000
			for i := range sent {
				ann.say(fmt.Sprint(i, strings.Repeat(" ", 3000)))
			}
			awake := make(chan bool)
			go func() {
				defer close(awake)
				slow.read("ann: end")
			}()
			for reads := true; reads; {
				ann.say("end")
				select {
				case <-awake:
					reads = false
				default:
				}
			}
			last, n := -1, 0
			for _, line := range slow.got[2 : len(slow.got)-1] {
				i, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "ann: ")))
				if err != nil || i <= last {
					t.Fatalf("%.20q has come after %d", line, last)
				}
				last, n = i, n+1
			}
			if n == 0 || n >= sent {
				t.Errorf("the slow client has received %d of %d messages", n, sent)
			}
		})
	}
}

// TestRoomsLines checks the numbers of lines in PORTING-GO.md.
func TestRoomsLines(t *testing.T) {
	guide, err := os.ReadFile("../../../PORTING-GO.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range programs {
		file := "rooms/" + name + "/main.go"
		n := linesOf(t, file)
		_, after, _ := strings.Cut(string(guide), "(cmd/bench/porting/"+file+")")
		if figure := regexp.MustCompile(`\d+`).FindString(after); figure != strconv.Itoa(n) {
			t.Errorf("%s has %d lines of code, and the guide says %q", file, n, figure)
		}
	}
}

// linesOf returns how many lines of a file have code.
func linesOf(t *testing.T, file string) int {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s scanner.Scanner
	f := token.NewFileSet().AddFile(file, -1, len(source))
	s.Init(f, source, nil, 0)
	lines := make(map[int]bool)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok != token.SEMICOLON || text == ";" { // else it is only the end of a line
			lines[f.Line(pos)] = true
		}
	}
}
