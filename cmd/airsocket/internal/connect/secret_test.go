//go:build linux

package connect_test

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/term"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// The password of -auth and the passphrase of a key are asked for on the terminal, which
// does not show them and is left as it was.
func TestSecretsAreAskedFor(t *testing.T) {
	t.Parallel()
	url, asked := startAsked(t)
	k := clitest.NewKeyboard(t)
	before, err := term.GetState(int(k.Slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	code := k.Run("connect", "-color", "never", url, "-auth", "ada", "-cert", clientCert, "-key", clientKey)
	k.Wait("password of ada: ")
	k.Type("lovelacf\x7fe\r")
	k.Wait("\r\npassphrase of " + clientKey + ": ")
	k.Type("secret\r")
	k.Wait("\r\n* error status 403") // what was typed would come before it
	if got := <-code; got != exit.Refused {
		t.Errorf("exit code %d", got)
	}
	if got := asked().Get("Authorization"); got != "Basic YWRhOmxvdmVsYWNl" {
		t.Errorf("Authorization is %q", got)
	}
	after, err := term.GetState(int(k.Slave.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal is left as %v (%v), it was %v", after, err, before)
	}
	code = k.Run("connect", url, "-auth", "ada")
	k.Wait("password of ada: ")
	k.Type("x\x03") // Ctrl-C
	k.Wait("airsocket: -auth: nothing was typed\r\n")
	if got := <-code; got != exit.Usage {
		t.Errorf("after Ctrl-C: exit code %d", got)
	}
}

// With stdin as a pipe, the terminal of the process is asked.
func TestSecretsAreAskedForBesidesAPipe(t *testing.T) {
	t.Parallel()
	url, asked := startAsked(t)
	k := clitest.NewKeyboard(t)
	cmd := clitest.AsProgram("connect", url, "-auth", "ada")
	cmd.Stdin = strings.NewReader("hello\n")
	cmd.ExtraFiles = []*os.File{k.Slave}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k.Wait("password of ada: ")
	k.Type("lovelace\r")
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exit.Refused {
		t.Errorf("exit code %d", code)
	}
	if got := asked().Get("Authorization"); got != "Basic YWRhOmxvdmVsYWNl" {
		t.Errorf("Authorization is %q", got)
	}
	// A process without a terminal.
	cmd = clitest.AsProgram("connect", url, "-auth", "ada")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(pipe)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exit.Usage || string(said) != "airsocket: -auth: there is no terminal to ask on\n" {
		t.Errorf("without a terminal: exit code %d, %q", cmd.ProcessState.ExitCode(), said)
	}
}

func TestRawIsNotForATerminal(t *testing.T) {
	t.Parallel()
	k := clitest.NewKeyboard(t)
	code := k.Run("connect", "ws://a/", "-raw")
	k.Wait("-raw is not for a terminal")
	if got := <-code; got != exit.Usage {
		t.Errorf("exit code %d", got)
	}
}

// A text of -x is sent, and then what is typed.
func TestTerminalAfterText(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	k := clitest.NewKeyboard(t)
	code := k.Run("connect", "-color", "never", s.URL(), "-x", "first", "-i")
	k.Wait("> first\r\n")
	k.Wait("/help\r\n")
	k.Wait(console.Prompt)
	k.Type("second\r")
	k.Wait("< second\r\n")
	k.Type("\x04")
	k.Wait("* close 1000")
	if got := <-code; got != exit.OK {
		t.Errorf("exit code %d", got)
	}
}
