//go:build unix

package connect_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// aServer starts a server that sends back what it receives, and what is sent to the channel.
func aServer(t *testing.T) (url string, say chan<- any) {
	messages := make(chan any)
	t.Cleanup(func() { close(messages) })
	url = clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		go func() {
			for m := range messages {
				switch m := m.(type) {
				case string:
					s.Send(m)
				case []byte:
					s.SendBytes(m)
				}
				s.Flush()
			}
		}()
	})
	return url, messages
}

// screen runs connect on a screen, and waits until it is connected.
func screen(t *testing.T, columns, lines int, url string, args ...string) *clitest.Screen {
	t.Helper()
	s := clitest.NewScreen(t, columns, lines, append([]string{"connect", url}, args...)...)
	s.WaitFor("  type a mes")
	return s
}

// What arrives is shown above the line that is typed, which stays with its cursor.
func TestScreenMessagesAboveTheLine(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 60, 12, url)
	s.Type("half a line")
	s.Keys("Left", "Left", "Left")
	s.Wait("> half a line\n")
	say <- "one"
	say <- []byte("\x00\x01two")
	s.Wait(`  type a message, or /help
< one
< binary, 5 bytes
  0000  00 01 74 77 6f           |..two|
> half a line
`)
	if column, line := s.Cursor(); column != len("> half a l") || line != 5 {
		t.Errorf("the cursor is at column %d of line %d", column, line)
	}
	s.Type("-")
	s.Keys("Enter")
	s.Wait("> half a l-ine\n< half a l-ine\n>\n")
}

func TestScreenTimesAndColors(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 60, 12, url, "-timestamps", "on", "-color", "always")
	say <- `{"a": [1, null]}`
	s.WaitFor(`< {"a": [1, null]}`)
	got := s.Colored()
	if time := regexp.MustCompile(`\x1b\[2m\d\d:\d\d:\d\d\.\d\d\d\x1b\[0m`); !time.MatchString(got) {
		t.Errorf("there is no faint time in %q", got)
	}
	if want := "\x1b[32m<\x1b[39m {\x1b[1m\x1b[34m\"a\"\x1b[0m"; !strings.Contains(got, want) {
		t.Errorf("there is no %q in %q", want, got)
	}
	delta := screen(t, 60, 12, url, "-timestamps", "delta")
	delta.Type("x")
	delta.Keys("Enter")
	delta.WaitFor(" < x\n")
	if got := delta.Text(); !regexp.MustCompile(`(?m)^ +\+\d+\.\d\d\d > x\n +\+\d+\.\d\d\d < x$`).MatchString(got) || strings.Contains(delta.Colored(), "\x1b[") {
		t.Errorf("the screen is\n%s", got)
	}
}

// A long message is folded, and /show prints all of it.
func TestScreenFold(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 60, 14, url, "-fold", "3")
	say <- "1\n2\n3\n4\n5"
	s.Wait(`  type a message, or /help
< 1
  2
  3
  ... 9 bytes in all; /show 1 prints it
>
`)
	say <- "short"
	s.WaitFor("< short\n>")
	s.Type("/show 1")
	s.Keys("Enter")
	s.Wait("< short\n  1\n  2\n  3\n  4\n  5\n>\n")
	s.Type("/show 9")
	s.Keys("Enter")
	s.Wait("* there is no message 9\n>\n")
	s.Type("/show")
	s.Keys("Enter")
	s.Wait("  short\n>\n")
}

func TestScreenPretty(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 60, 16, url)
	say <- `{"user":{"name":"Zoë","tags":["a","b"]},"message":"a text that is so long that it has no room"}`
	s.Wait(`  type a message, or /help
< {
    "user": {"name": "Zoë", "tags": ["a", "b"]},
    "message": "a text that is so long that it has no room"
  }
>
`)
	url, say = aServer(t)
	plain := screen(t, 60, 16, url, "-pretty=false")
	say <- "{\"a\":1}\n2"
	plain.Wait("  type a message, or /help\n< {\"a\":1}\\n2\n>\n")
}

// The history is kept in a file that only the user can read, and searched with Ctrl-R.
func TestScreenHistory(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	file := filepath.Join(t.TempDir(), "deep", "history")
	s := screen(t, 60, 20, url, "-history", file)
	for _, text := range []string{"alpha one", "beta", "alpha two", "gamma"} {
		s.Type(text)
		s.Keys("Enter")
		s.WaitFor("< " + text)
	}
	s.Keys("C-d")
	s.WaitFor("* close 1000\nexit code 0")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	s = screen(t, 60, 20, url, "-history", file)
	s.Keys("C-r")
	s.Wait("(search: )\n")
	s.Type("alp")
	s.Wait("(search: alp) alpha two\n")
	s.Keys("C-r")
	s.Wait("(search: alp) alpha one\n")
	s.Keys("C-r")
	s.Type("x")
	s.Wait("(not found: alpx) alpha one\n")
	s.Keys("BSpace", "C-r")
	s.Wait("(search: alp) alpha one\n")
	s.Keys("Escape")
	s.Wait("> alpha one\n")
	s.Keys("End")
	s.Type("!")
	s.Keys("Enter")
	s.WaitFor("< alpha one!")
	s.Keys("Up", "Up", "Up")
	s.Wait("> alpha two\n")
	s.Keys("Down")
	s.Wait("> gamma\n")
}

// A pasted text is one message. If it has several lines, the user is asked.
func TestScreenPaste(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := screen(t, 90, 30, url)
	s.Paste("/close 1001\n")
	s.Wait("> /close 1001\n")
	s.Keys("Enter")
	s.Wait("> /close 1001\n< /close 1001\n>\n")

	question := "3 lines: send as (o)ne message, (l)ine by line, (e)dit, or do (n)ot?\n"
	s.Type("a ")
	s.Paste("1\n\t2\n3\n")
	s.Wait("> a 1\n  \\t2\n  3\n  " + question)
	s.Type("o")
	s.Wait("< /close 1001\n> a 1\n  \\t2\n  3\n< a 1\n  \\t2\n  3\n>\n")
	s.Keys("C-l")
	s.Wait(">\n")

	s.Paste("1\n2\n3")
	s.Wait("  " + question)
	s.Type("l")
	s.WaitFor("< 3\n>")
	for _, line := range []string{"> 1\n", "> 2\n", "> 3\n", "< 1\n", "< 2\n", "< 3\n"} {
		if got := s.Text(); !strings.Contains(got, line) {
			t.Errorf("there is no %q on\n%s", line, got)
		}
	}

	s.Type("mine")
	s.Paste("1\n2\n3")
	s.Wait("> mine1\n  2\n  3\n  " + question)
	s.Type("n")
	s.Wait("> mine\n")
	s.Keys("C-c")
	s.Paste("1\n2\n3")
	s.Wait("  " + question)
	s.Type("e")
	s.Keys("Up", "BSpace", "Enter")
	s.Wait("> 1\n\n  3\n< 1\n\n  3\n>\n")
}

// A paste whose end does not come is shown, and Ctrl-C drops it.
func TestScreenPasteWithoutEnd(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := screen(t, 60, 12, url)
	s.Type("mine \x1b[200~lost")
	s.Wait("(pasting, 4 bytes; Ctrl-C drops it) mine\n")
	s.Keys("Enter")
	s.Type(" and more")
	s.Wait("(pasting, 14 bytes; Ctrl-C drops it) mine\n")
	s.Keys("C-c")
	s.Wait("  type a message, or /help\n> mine\n")
	s.Type("only")
	s.Keys("Enter")
	s.Wait("> mine only\n< mine only\n>\n")
}

// Ctrl-C clears the line first and ends second, and the terminal is given back.
func TestScreenInterrupt(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := screen(t, 60, 12, url)
	s.Type("not to be sent")
	s.Wait("> not to be sent\n")
	s.Keys("C-c")
	s.Wait("  type a message, or /help\n>\n")
	s.Keys("C-c")
	s.Wait("  type a message, or /help\n* close 1000\nexit code 0\n")
	s.Paste("echoed\n") // as what it is, without the marks of a paste
	s.Wait("exit code 0\nechoed\nthe shell has read echoed\n")
}

// If the server does not answer the close, another Ctrl-C ends the connection.
func TestScreenInterruptTwice(t *testing.T) {
	t.Parallel()
	s := clitest.NewScreenOf(t, 60, 12, nil, `trap : INT; "$0" "$@"; echo "exit code $?"; read line`, "connect", clitest.Upgraded(t, ""))
	s.WaitFor("/help\n>")
	s.Keys("C-c")
	s.Wait("  type a message, or /help\n")
	s.Keys("C-c")
	s.Wait("  type a message, or /help\n^C* close 1000 (without a closing handshake)\nexit code 5\n")
}

// The line is drawn again when the terminal becomes narrower and wider, also with characters
// that take two columns.
func TestScreenResize(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 40, 12, url)
	s.Type("0123456789012345678901234567890123456789 日本語 👍 end")
	s.Wait("> 0123456789012345678901234567890123456\n  789 日本語 👍 end\n")
	s.Resize(20, 12)
	s.Wait("> 01234567890123456\n  78901234567890123\n  456789 日本語 👍\n  end\n")
	say <- "narrow"
	s.Wait("< narrow\n> 01234567890123456\n  78901234567890123\n  456789 日本語 👍\n  end\n")
	s.Resize(60, 12)
	s.Wait("< narrow\n> 0123456789012345678901234567890123456789 日本語 👍 end\n")
	s.Keys("Left", "Left", "Left", "Left", "BSpace")
	s.Wait("< narrow\n> 0123456789012345678901234567890123456789 日本語  end\n")
	s.Keys("Left", "BSpace")
	s.Wait("< narrow\n> 0123456789012345678901234567890123456789 日本  end\n")
	if strings.Count(s.Text(), "> 01234") != 1 {
		t.Errorf("the line is there twice:\n%s", s.Text())
	}
}

// A line that has more rows than the terminal is shown around the cursor.
func TestScreenSmall(t *testing.T) {
	t.Parallel()
	url, say := aServer(t)
	s := screen(t, 12, 4, url)
	s.Type("aaaaaaaaabbbbbbbbbcccccccccddddddddd")
	s.Wait("  bbbbbbbbb\n  ccccccccc\n  ddddddddd\n")
	s.Resize(12, 5)
	s.Wait("> aaaaaaaaa\n  bbbbbbbbb\n  ccccccccc\n  ddddddddd\n")
	s.Resize(12, 4)
	s.Keys("Home")
	s.Wait("> aaaaaaaaa\n  bbbbbbbbb\n  ccccccccc\n")
	say <- "x"
	s.Wait("> aaaaaaaaa\n  bbbbbbbbb\n  ccccccccc\n")
	s.Keys("C-k")
	s.Wait("< x\n>\n")
}

func TestScreenCompletion(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"one.txt": "one", "only.bin": "\x00\x01", "other name": "x", ".hidden": "x", "sub/inner": "in"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := clitest.NewScreenOf(t, 60, 30, nil, `cd "$1" || exit; shift; "$0" "$@"`, dir, "connect", url)
	s.WaitFor("/help\n>")
	s.Type("/f")
	s.Keys("Tab")
	s.Wait("> /file\n")
	s.Keys("Tab")
	s.Wait("  one.txt  only.bin  other name  sub/\n> /file\n")
	s.Type("on")
	s.Keys("Tab", "Tab")
	s.Wait("  one.txt  only.bin\n> /file on\n")
	s.Type("l")
	s.Keys("Tab", "Enter")
	s.Wait("< binary, 2 bytes\n  0000  00 01                    |..|\n>\n")
	s.Type("/file s")
	s.Keys("Tab", "Tab", "Enter")
	s.Wait("> in\n< in\n>\n")
	s.Type("/s")
	s.Keys("Tab")
	s.Wait("  /show  /save  /stats\n> /s\n")
}

func TestScreenCommands(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := screen(t, 90, 24, url, "-x", "first", "-i")
	s.WaitFor("> first\n  type a message, or /help\n")
	s.WaitFor("\n< first\n")
	s.Type("/ping")
	s.Keys("Enter")
	s.WaitFor("* pong after ")
	s.Type("/stats")
	s.Keys("Enter")
	s.WaitFor("pings     1, answered 1; round trip ")
	if got := s.Text(); !strings.Contains(got, "\n  sent      1 message, 5 bytes\n  received  1 message, 5 bytes\n") {
		t.Errorf("the screen is\n%s", got)
	}
	s.Keys("C-l")
	s.Type("/help")
	s.Keys("Enter")
	s.WaitFor("/close [CODE [REASON]]     close;")
	s.WaitFor("Ctrl-C  clear the line, or end\n")
	for line := range strings.Lines(s.Text()) {
		if len(line) > 80 {
			t.Errorf("a line of the help has %d columns: %s", len(line), line)
		}
	}
	s.Type("/close 4000 done")
	s.Keys("Enter")
	s.Wait("* close 4000 done\nexit code 0\n")
}

// On a dumb terminal the terminal itself edits lines, and there are no escape sequences.
func TestScreenDumb(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := clitest.NewScreenOf(t, 60, 12, nil, `trap : INT; TERM=dumb "$0" "$@"; echo "exit code $?"; read line`, "connect", url)
	s.WaitFor("/help\n")
	s.Type("hello")
	s.Keys("BSpace", "p", "Enter")
	s.Wait("  type a message, or /help\nhellp\n< hellp\n")
	s.Keys("C-c")
	s.WaitFor("* close 1000\nexit code 0")
}

// Ctrl-Z stops the program, and the shell continues it.
func TestScreenSuspend(t *testing.T) {
	t.Parallel()
	url, _ := aServer(t)
	s := clitest.NewScreenOf(t, 60, 14, []string{"ENV=", "PS1=$ "}, `set -m; "$0" "$@"; echo stopped; read line; echo "read $line"; fg >/dev/null; echo "exit code $?"; read line`, "connect", url)
	s.WaitFor("/help\n>")
	s.Type("half")
	s.Keys("C-z")
	s.WaitFor("stopped\n")
	s.Paste("echoed\n")
	s.WaitFor("\nread echoed\n")
	s.Wait("> half\n")
	s.Type(" and half")
	s.Keys("Enter")
	s.Wait("> half and half\n< half and half\n>\n")
	s.Keys("C-d")
	s.Wait("* close 1000\nexit code 0\n")
}

// Signals end the connection in good order, and a second one ends the program at once. The
// terminal is given back in both cases.
func TestScreenSignals(t *testing.T) {
	t.Parallel()
	const script = `trap : INT; sh -c 'echo $$ >pid; exec "$0" "$@"' "$0" "$@"; echo "exit code $?"; read line; echo "the shell has read $line"; read line`
	echo, _ := aServer(t)
	for _, test := range []struct {
		url     string
		signals []os.Signal
		want    string
	}{
		{echo, []os.Signal{syscall.SIGTERM}, "  type a message, or /help\n* close 1000\nexit code 0\nechoed\nthe shell has read echoed\n"},
		// This server does not answer the close.
		{clitest.Upgraded(t, ""), []os.Signal{syscall.SIGINT, syscall.SIGTERM}, "  type a message, or /help\n> half\nexit code 130\nechoed\nthe shell has read echoed\n"},
	} {
		dir := t.TempDir()
		s := clitest.NewScreenOf(t, 60, 12, nil, `cd "$1"; shift; `+script, dir, "connect", test.url)
		s.WaitFor("/help\n>")
		s.Type("half")
		s.Wait("> half\n")
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		for _, signal := range test.signals {
			if err := p.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
		s.WaitFor("exit code")
		s.Type("echoed")
		s.Keys("Enter")
		s.Wait(test.want)
	}
}
