package clitest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// A Keyboard is the user's side of a pseudo terminal: it types, and sees what
// is printed.
type Keyboard struct {
	t      *testing.T
	master *os.File
	Slave  *os.File // the terminal of the program

	mu   sync.Mutex
	seen bytes.Buffer
	more *sync.Cond
}

// NewKeyboard returns a Keyboard, or skips the test where there are no pseudo terminals.
func NewKeyboard(t *testing.T) *Keyboard {
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
	k := &Keyboard{t: t, master: master, Slave: slave}
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

func (k *Keyboard) watch() {
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

// Wait waits until text has been printed, and discards everything up to it.
func (k *Keyboard) Wait(text string) {
	k.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		k.mu.Lock()
		late = true
		k.mu.Unlock()
		k.more.Broadcast()
	})
	defer timer.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if _, rest, ok := strings.Cut(k.seen.String(), text); ok {
			k.seen.Reset()
			k.seen.WriteString(rest)
			return
		}
		if late {
			k.t.Fatalf("%q is printed, want %q", k.seen.String(), text)
		}
		k.more.Wait()
	}
}

// Type presses keys.
func (k *Keyboard) Type(keys string) {
	if _, err := k.master.WriteString(keys); err != nil {
		k.t.Error(err)
	}
}

// Run runs the program on the terminal, and sends its exit code.
func (k *Keyboard) Run(args ...string) <-chan int {
	code := make(chan int, 1)
	go func() {
		code <- program.Program.Run(k.t.Context(), args, &command.Std{In: k.Slave, Out: k.Slave, Err: k.Slave})
	}()
	return code
}
