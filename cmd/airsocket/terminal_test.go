//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/term"
)

// A keyboard is the user's side of a pseudo terminal: it types, and sees what
// is printed.
type keyboard struct {
	t      *testing.T
	master *os.File
	slave  *os.File

	mu   sync.Mutex
	seen bytes.Buffer
	more *sync.Cond
}

func newKeyboard(t *testing.T) *keyboard {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	var unlock, number int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	k := &keyboard{t: t, master: master, slave: slave}
	k.more = sync.NewCond(&k.mu)
	t.Cleanup(func() {
		master.Close()
		slave.Close()
	})
	go k.watch()
	return k
}

func ioctl(t *testing.T, f *os.File, request uintptr, arg unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
		t.Fatal(errno)
	}
}

func (k *keyboard) watch() {
	b := make([]byte, 4096)
	for {
		n, err := k.master.Read(b)
		if err != nil {
			return
		}
		k.mu.Lock()
		k.seen.Write(b[:n])
		k.mu.Unlock()
		k.more.Broadcast()
	}
}

// wait waits until text has been printed, and discards everything up to it.
func (k *keyboard) wait(text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if _, rest, ok := strings.Cut(k.seen.String(), text); ok {
			k.seen.Reset()
			k.seen.WriteString(rest)
			return
		}
		k.more.Wait()
	}
}

func (k *keyboard) type_(keys string) {
	if _, err := k.master.WriteString(keys); err != nil {
		k.t.Error(err)
	}
}

// connect runs connect on the terminal and waits for its prompt.
func (k *keyboard) connect(args ...string) <-chan int {
	code := make(chan int, 1)
	go func() { code <- run(k.t.Context(), append([]string{"connect"}, args...), k.slave, k.slave, k.slave) }()
	k.wait("* open ws://")
	k.wait("/help\r\n")
	k.wait(prompt)
	return code
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	k := newKeyboard(t)
	before, err := term.GetState(int(k.slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	code := k.connect(s.url())

	k.type_("hellp\x7fo\r")
	k.wait("< hello\r\n")
	k.wait(prompt)
	k.type_("\x1b[A\r") // the last line of the history
	k.wait("< hello\r\n")
	k.type_("/binary 00 FF\r")
	k.wait("< 0x00ff\r\n")
	k.type_("/ping abc\r")
	k.wait("* pong \"abc\"\r\n")
	k.type_("/text /x\r")
	k.wait("< /x\r\n")
	k.type_("/help\r")
	k.wait("/binary HEX")
	k.type_("/nope\r")
	k.wait("unknown command /nope")
	k.type_("/binary 0\r")
	k.wait("hexadecimal")
	k.type_("/close x\r")
	k.wait(`"x" is not a code`)
	k.type_("/close 1001\r")
	k.wait("may not be sent")
	k.type_("/text\r")
	k.wait("< \r\n")
	k.type_("\x1b[200~/close\tpasted\r\x1b[201~")
	k.wait(`< /close\tpasted` + "\r\n")
	k.type_("/close 4001 bye now\r")
	k.wait("* close 4001 bye now")
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d", got)
	}
	after, err := term.GetState(int(k.slave.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal is left as %v (%v), it was %v", after, err, before)
	}
}

func TestTerminalKeysThatClose(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	for _, key := range []string{"\x03", "\x04", "unfinished\x03"} {
		k := newKeyboard(t)
		code := k.connect(s.url())
		k.type_(key)
		k.wait("* close 1000")
		if got := <-code; got != exitOK {
			t.Errorf("%q: exit code %d", key, got)
		}
	}
}

func TestTerminalEscapesWhatIsReceived(t *testing.T) {
	t.Parallel()
	k := newKeyboard(t)
	go run(t.Context(), []string{"connect", "-x", "a", "--wait", "-1s", upgraded(t, "\x81\x0b\x1b[2J\xe2\x80\xae\n< x\x88\x00")}, nil, k.slave, k.slave)
	k.wait(`\x1b[2J\u202e\n< x` + "\r\n")
}

func TestTerminalLineThatIsFull(t *testing.T) {
	t.Parallel()
	s := startServe(t)
	k := newKeyboard(t)
	k.connect(s.url())
	k.type_(strings.Repeat("x", maxTyped+1))
	k.wait("\a")
	k.type_("\r")
	k.wait("< " + strings.Repeat("x", maxTyped) + "\r\n")
}
