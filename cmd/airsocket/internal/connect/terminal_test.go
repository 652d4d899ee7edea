//go:build linux

package connect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/term"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// connectAt runs connect on the terminal and waits for its prompt.
func connectAt(k *clitest.Keyboard, args ...string) <-chan int {
	code := k.Run(append([]string{"connect", "-color", "never"}, args...)...)
	k.Wait("* open ws://")
	k.Wait("/help\r\n")
	k.Wait(console.Prompt)
	return code
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	before, err := term.GetState(int(k.Slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	code := connectAt(k, s.URL())

	k.Type("hellp\x7fo\r")
	k.Wait("< hello\r\n")
	k.Wait(console.Prompt)
	k.Type("\x1b[A\r") // the last line of the history
	k.Wait("< hello\r\n")
	k.Type("\x1b[5~") // no key of the editor's
	k.Wait("\a")
	k.Type("/binary 00 FF\r")
	k.Wait("< binary, 2 bytes\r\n  0000  00 ff ")
	k.Type("/ping abc\r")
	k.Wait("* pong \"abc\" after ")
	k.Type("/text /x\r")
	k.Wait("< /x\r\n")
	k.Type("/help\r")
	k.Wait("/binary HEX")
	k.Type("/nope\r")
	k.Wait("unknown command /nope")
	k.Type("/binary 0\r")
	k.Wait("hexadecimal")
	k.Type("/close x\r")
	k.Wait(`"x" is not a code`)
	k.Type("/close 1001\r")
	k.Wait("may not be sent")
	k.Type("/text\r")
	k.Wait("< \r\n")
	k.Type("\x1b[200~/close\tpasted\r\x1b[201~\r")
	k.Wait(`< /close\tpasted` + "\r\n")
	k.Type("/close 4001 bye now\r")
	k.Wait("* close 4001 bye now")
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
	after, err := term.GetState(int(k.Slave.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal is left as %v (%v), it was %v", after, err, before)
	}
}

func TestTerminalKeysThatClose(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	for _, key := range []string{"\x03", "\x04", "unfinished\x03\x03"} {
		k := clitest.NewKeyboard(t)
		code := connectAt(k, s.URL())
		k.Type(key)
		k.Wait("* close 1000")
		if got := <-code; got != exit.OK {
			t.Errorf("%q: exit code %d", key, got)
		}
	}
}

func TestTerminalEscapesWhatIsReceived(t *testing.T) {
	t.Parallel()
	for form, end := range map[string]string{"-raw=false": "\r\n", "-0": "\x00"} {
		k := clitest.NewKeyboard(t)
		url := clitest.Upgraded(t, "\x81\x0b\x1b[2J\xe2\x80\xae\n< x\x88\x00")
		go program.Program.Run(t.Context(), []string{"connect", "-x", "a", "--wait", "-1s", form, url}, &command.Std{Out: k.Slave, Err: k.Slave})
		k.Wait(`\x1b[2J\u202e\n< x` + end)
	}
}

// A line has no limit but -max-message, above which none of it is taken.
func TestTerminalLongLine(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-max-message", "20000", "-fold", "0")
	long := strings.Repeat("x", 19_999)
	k.Type(long + "y\r")
	k.Wait("< xxx")
	k.Wait("xy\r\n")
	k.Type("/save " + filepath.Join(t.TempDir(), "saved") + "\r")
	k.Wait("saved 20.0 kB in")
	k.Type(long)
	k.Type("z\x1b[200~two\x1b[201~")
	k.Wait("not taken: the message would be longer than 20000 bytes")
	k.Type("\r\x05\r")
	k.Wait("xz\r\n")
}

// The flags -n, -ping-interval and -record work at a terminal as elsewhere.
func TestTerminalCounts(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	file := filepath.Join(t.TempDir(), "session.jsonl")
	k := clitest.NewKeyboard(t)
	code := connectAt(k, s.URL(), "-n", "2", "-ping-interval", "1ms", "-record", file)
	k.Wait("* pong \"2\" after ")
	k.Type("one\r")
	k.Wait("< one\r\n")
	k.Type("two\r")
	k.Wait("< two\r\n")
	k.Wait("* close 1000\r\n")
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
	text, err := os.ReadFile(file)
	for _, say := range []string{`"direction":"out","size":3,"data":"two"`, `"data":"2","rtt_ms":`, `"type":"close","direction":"out","code":1000`} {
		if !strings.Contains(string(text), say) {
			t.Errorf("%s is not recorded (%v): %s", say, err, text)
		}
	}
}
