package clitest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A Screen is a terminal in tmux that the program runs in, in a process of its own. It shows
// what a user would see, unlike a Keyboard, which shows what the program writes.
type Screen struct {
	t       *testing.T
	stdin   io.Writer
	replies chan reply
	changed chan struct{} // something was printed
	gone    chan struct{} // tmux has ended
}

// A reply is what tmux answers to a command.
type reply struct {
	text   string
	failed bool
}

// NewScreen runs the program on a terminal with so many columns and lines, without colors
// unless args say otherwise. After the program, the terminal shows its exit code, and a shell
// waits for a line. The test is skipped if there is no tmux.
func NewScreen(t *testing.T, columns, lines int, args ...string) *Screen {
	t.Helper()
	return NewScreenOf(t, columns, lines, nil, `"$0" "$@"; echo "exit code $?"; read line; echo "the shell has read $line"; read line`, args...)
}

// NewScreenOf is NewScreen with a script for sh, in which "$0" "$@" is the program, and with
// variables of the environment in the form NAME=VALUE.
func NewScreenOf(t *testing.T, columns, lines int, env []string, script string, args ...string) *Screen {
	t.Helper()
	tmux := wstest.Find(t, "tmux")
	dir, err := os.MkdirTemp("", "tmux") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	command := []string{"-u", "-C", "-f", "/dev/null", "-S", filepath.Join(dir, "s"), "new-session", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(lines)}
	for _, v := range append([]string{asProgram + "=1", "LANG=C.UTF-8", "NO_COLOR=1", "XDG_STATE_HOME=" + dir}, env...) {
		command = append(command, "-e", v)
	}
	cmd := exec.Command(tmux, append(append(command, "sh", "-c", script, self()), args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "TERM=xterm")
	s := &Screen{t: t, replies: make(chan reply), changed: make(chan struct{}, 1), gone: make(chan struct{})}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		io.WriteString(s.stdin, "kill-server\n")
		<-s.gone
		cmd.Wait()
	})
	go s.read(out)
	<-s.replies // to new-session
	s.Resize(columns, lines)
	return s
}

// read reads what tmux reports in its control mode: replies, and that something was printed.
func (s *Screen) read(r io.Reader) {
	defer close(s.gone)
	var text strings.Builder
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	within := false
	for in.Scan() {
		line := in.Text()
		switch word, _, _ := strings.Cut(line, " "); {
		case !within && word == "%begin":
			within = true
			text.Reset()
		case within && (word == "%end" || word == "%error"):
			within = false
			select {
			case s.replies <- reply{text.String(), word == "%error"}:
			case <-s.t.Context().Done(): // only for kill-server
			}
		case within:
			text.WriteString(line + "\n")
		case word == "%output", word == "%layout-change":
			select {
			case s.changed <- struct{}{}:
			default:
			}
		}
	}
}

// do gives tmux a command and returns its reply.
func (s *Screen) do(words ...string) string {
	s.t.Helper()
	for i, w := range words {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	if _, err := io.WriteString(s.stdin, strings.Join(words, " ")+"\n"); err != nil {
		s.t.Fatal(err)
	}
	select {
	case r := <-s.replies:
		if r.failed {
			s.t.Fatalf("tmux %s: %s", words, r.text)
		}
		return r.text
	case <-s.gone:
		s.t.Fatalf("tmux has ended before %s", words)
		return ""
	}
}

// Keys presses keys with the names that tmux has for them, as Enter and C-r.
func (s *Screen) Keys(names ...string) {
	s.t.Helper()
	s.do(append([]string{"send-keys"}, names...)...)
}

// Type types a text.
func (s *Screen) Type(text string) {
	s.t.Helper()
	s.do("send-keys", "-l", text)
}

// Paste pastes a text, as with the mouse.
func (s *Screen) Paste(text string) {
	s.t.Helper()
	name := filepath.Join(s.t.TempDir(), "paste")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.do("load-buffer", name)
	s.do("paste-buffer", "-p")
}

// Resize changes the size of the terminal.
func (s *Screen) Resize(columns, lines int) {
	s.t.Helper()
	s.do("refresh-client", "-C", fmt.Sprintf("%dx%d", columns, lines))
}

// Text returns what is on the screen, without spaces at the ends of lines and without empty
// lines at the end.
func (s *Screen) Text() string {
	s.t.Helper()
	var b strings.Builder
	for line := range strings.Lines(s.do("capture-pane", "-p")) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// Colored returns what is on the screen with the escape sequences for colors.
func (s *Screen) Colored() string {
	s.t.Helper()
	return s.do("capture-pane", "-p", "-e")
}

// Cursor returns where the cursor is, from 0.
func (s *Screen) Cursor() (column, line int) {
	s.t.Helper()
	fmt.Sscan(s.do("display-message", "-p", "#{cursor_x} #{cursor_y}"), &column, &line)
	return column, line
}

// Wait waits until the end of the screen is text. What is before the text was seen by an
// earlier call or is checked by the caller.
func (s *Screen) Wait(text string) {
	s.t.Helper()
	s.await(text, func(screen string) bool { return strings.HasSuffix("\n"+screen, "\n"+text) })
}

// WaitFor waits until text is anywhere on the screen.
func (s *Screen) WaitFor(text string) {
	s.t.Helper()
	s.await(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// patience is how long a Screen or a Keyboard waits for what does not come, to say what is
// there instead.
const patience = 30 * time.Second

func (s *Screen) await(text string, is func(screen string) bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		screen := s.Text()
		if is(screen) {
			return
		}
		select {
		case <-s.changed:
		case <-s.gone:
			s.t.Fatal("tmux has ended")
		case <-late:
			s.t.Fatalf("the screen is\n%s\nwant\n%s", screen, text)
		}
	}
}
