//go:build linux

package connect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestCommandFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"text": "Grüße\n", "nul": "a\x00b", "latin": "Gr\xfc\xdfe", "empty": "", "long": strings.Repeat("x", 101), "with space": "s"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-max-message", "100")
	for _, test := range []struct{ command, want string }{
		{"/file %s/text", "< Grüße\\n\r\n"},
		{"/file -binary %s/text", "0000  47 72 c3 bc c3 9f 65 0a  "},
		{"/file %s/nul", "< binary, 3 bytes\r\n  0000  61 00 62 "},
		{"/file -text %s/nul", "< a\\x00b\r\n"},
		{"/file %s/latin", "< binary, 5 bytes\r\n"},
		{"/file -text %s/latin", "not valid UTF-8"},
		{"/file %s/empty", "< \r\n"},
		{"/file -binary %s/empty", "< binary, 0 bytes\r\n"},
		{"/file  %s/with space", "< s\r\n"},
		{"/file %s/long", "/long is longer than -max-message, 100 bytes\r\n"},
		{"/file %s/none", "no such file"},
		{"/file %s", " is not a file\r\n"},
		{"/file %s/fifo", "/fifo is not a file\r\n"},
		{"/file", "/file takes a path"},
		{"/file -text", "/file takes a path"},
		{"/file -jpeg %s/text", "/file takes a path"},
	} {
		command := test.command
		if strings.Contains(command, "%s") {
			command = fmt.Sprintf(command, dir)
		}
		k.Type(command + "\r")
		k.Wait(test.want)
	}
}

// What is kept no longer is not said never to have been.
func TestCommandsAboutOldMessages(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-fold", "1")
	name := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(name, bytes.Repeat([]byte("x"), 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	k.Type("first\r")
	k.Wait("< first\r\n")
	k.Type("/file " + name + "\r")
	k.Wait("9437.2 kB in all; /show 3 prints it\r\n")
	k.Wait("9437.2 kB in all; /show 4 prints it\r\n")
	k.Type("/show 2\r")
	k.Wait("* that message is kept no longer: the last 10000 events are, with up to 16 MiB\r\n")
	k.Type("/show 5\r")
	k.Wait("* there is no message 5\r\n")
}

func TestCommandSave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-timestamps", "on")
	command := func(format, want string) {
		t.Helper()
		k.Type(strings.ReplaceAll(format, "DIR", dir) + "\r")
		k.Wait(want)
	}
	read := func(name, want string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v, want %q", name, got, err, want)
		}
	}
	command("/save DIR/none", "no message has been received\r\n")
	command("a\x16\x1bb", "< a\\x1bb\r\n")
	command("/binary 00ff0a", "< binary, 3 bytes\r\n")
	command("/save DIR/last one", "saved 3 bytes in "+dir+"/last one\r\n")
	read("last one", "\x00\xff\n")
	command("/save 2 DIR/third", "saved 3 bytes in "+dir+"/third\r\n")
	read("third", "a\x1bb")
	command("/save DIR/third", "/third exists already; give another name\r\n")
	read("third", "a\x1bb")
	command("/save 0 DIR/x", "there is no message 0\r\n")
	command("/save 99 DIR/x", "there is no message 99\r\n")
	command("/save DIR/no/folder", "no such file or directory\r\n")
	command("/save", "/save takes a file name")
	command("/save -all DIR/x", "/save takes a file name")
	command("/save -log DIR/log", "/log\r\n")
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(log)) {
		var e struct{ Type, Direction, Data string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type != "input" {
			got = append(got, strings.TrimSpace(e.Type+" "+e.Direction+" "+e.Data))
		}
	}
	if want := "open, message out a\x1bb, message in a\x1bb, message out AP8K, message in AP8K"; strings.Join(got, ", ") != want {
		t.Errorf("the log has %q, want %s", got, want)
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("there are %d files", len(left))
	}
}

// With -json, what is typed, the commands and what they print are JSON lines, too.
func TestTerminalJSON(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	code := k.Run("connect", "-color", "never", "-json", s.URL())
	k.Wait(`"type":"open"`)
	k.Wait("> ")
	k.Type("hello\r")
	k.Wait(`"type":"message","direction":"in","size":5,"data":"hello"}` + "\r\n")
	k.Type("/stats\r")
	k.Wait(`"type":"help","text":"received  1 message, 5 bytes"}`)
	k.Type("/show\r")
	k.Wait(`"type":"input","text":"/show is of no use with -json`)
	k.Type("/close 4001\r")
	k.Wait(`"type":"close","direction":"out","code":4001`)
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
}

// Nothing is written with -history none, and a file that cannot be used is said once.
func TestHistoryFlag(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	dir := t.TempDir()
	k := clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-history", filepath.Join(dir, "h"))
	k.Type("kept\r")
	k.Wait("< kept\r\n")
	k.Type(" secret\r")
	k.Wait("<  secret\r\n")
	k.Type("\x1b[200~/pasted\x1b[201~\r")
	k.Wait("< /pasted\r\n")
	k.Type("unfinished")
	k.Wait("unfinished")
	k.Type("\x15/close\r")
	k.Wait("* close 1000")
	if got, err := os.ReadFile(filepath.Join(dir, "h")); string(got) != "kept\n/text /pasted\n/close\n" || err != nil {
		t.Errorf("the file has %q, %v", got, err)
	}
	k = clitest.NewKeyboard(t)
	ends := clitest.StartServe(t)
	code := connectAt(k, ends.URL(), "-history", filepath.Join(dir, "h"))
	k.Type("half")
	k.Wait("> half")
	ends.Stop()
	k.Wait("* close 1001")
	<-code
	if got, _ := os.ReadFile(filepath.Join(dir, "h")); !strings.HasSuffix(string(got), "\nhalf\n") {
		t.Errorf("what was half typed is not kept: %q", got)
	}
	k = clitest.NewKeyboard(t)
	k.Run("connect", "-color", "never", s.URL(), "-history", dir)
	k.Wait("the history is not kept: " + dir + " is not a file\r\n")
	k = clitest.NewKeyboard(t)
	connectAt(k, s.URL(), "-history", "none")
	k.Type("kept\r")
	k.Wait("< kept\r\n")
	k.Type("\x1b[A")
	k.Wait("> kept")
	k.Type("\x03\x03")
	k.Wait("* close 1000")
	if _, err := os.Stat("none"); err == nil {
		t.Error("there is a file none")
	}
}

func TestFlagsOfTheTerminal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ flag, value, say string }{
		{"-color", "sometimes", `invalid value "sometimes" for flag -color: not auto, always or never`},
		{"-timestamps", "yes", `invalid value "yes" for flag -timestamps: not off, on or delta`},
		{"-fold", "-1", "-fold is -1; for no limit give 0"},
		{"-pretty=perhaps", "", "invalid boolean value"},
	} {
		clitest.Execute(t, nil, "connect", "ws://a/", test.flag, test.value).Want(t, exit.Usage, test.say)
	}
}

// With -i the lines of stdin follow the texts of -x.
func TestTextsAndInput(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	r := clitest.Execute(t, strings.NewReader("three\nfour\n"), "connect", s.URL(), "-i", "-x", "one", "-x", "two\n")
	if r.Want(t, exit.OK, ""); r.Stdout != "one\ntwo\n\nthree\nfour\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
	r = clitest.Execute(t, strings.NewReader(""), "connect", s.URL(), "-i", "-x", "one")
	if r.Want(t, exit.OK, ""); r.Stdout != "one\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
}
