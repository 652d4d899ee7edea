//go:build unix

package process_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/wire"
)

// wantGone checks that the process that a script has named is neither running nor a zombie.
func wantGone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Errorf("%q is no process", pid)
	} else if err := syscall.Kill(n, 0); err != syscall.ESRCH {
		t.Errorf("process %d: %v", n, err)
	}
}

// TestCloseEndsTheProcess checks by which means a process is ended when its client has gone.
func TestCloseEndsTheProcess(t *testing.T) {
	t.Parallel()
	const sleep = "/bin/sleep"
	for _, test := range []struct{ name, script, log string }{
		{"end of the input", `echo $$; while read A; do :; done; echo "over" >&2`, "text=over"},
		{"SIGTERM", `trap 'echo "asked" >&2; exit 0' TERM; echo $$; ` + sleep + ` 1000 & wait`, "text=asked"},
		{"SIGKILL", `trap '' TERM; echo $$; while :; do ` + sleep + ` 1000; done`, `state="signal: killed"`},
		{"what it has started", `echo $$; ` + sleep + ` 1000; :`, `state="signal: terminated"`},
		{"the last message", `echo $$; while read A; do B=$A; done; echo "last $B" >&2`, `text="last bye"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			need(t, sleep)
			s := newStage(t, test.script, &airsocket.Options{})
			pid := ""
			clitest.Talk(t, nil, s.url, "", func(c *airsocket.Socket) {
				c.OnMessage(func(e *airsocket.MessageEvent) {
					pid = e.Text()
					c.Send("bye")
					c.Close(airsocket.StatusNormalClosure, "")
				})
			})
			s.Wait()
			wantGone(t, pid)
			if log := s.log.String(); !strings.Contains(log, test.log) {
				t.Errorf("the log has %q", log)
			}
		})
	}
}

// TestOutputAfterTheEnd checks that a process whose client has gone can write what it wants
// before it ends.
func TestOutputAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, `echo $$; while read A; do :; done; I=0; while [ $I -lt 3000 ]; do printf '%0100d\n' $I; I=$((I+1)); done; echo "done" >&2`, &airsocket.Options{})
	s.Grace = time.Minute
	wantGone(t, func() string { pid := first(t, s.url); s.Wait(); return pid }())
	if log := s.log.String(); !strings.Contains(log, "text=done") {
		t.Errorf("the log has %q", log)
	}
}

// TestMessagesBeforeTheClose checks that a process gets all that its client has sent before the
// close, although what the process writes cannot be sent any more.
func TestMessagesBeforeTheClose(t *testing.T) {
	t.Parallel()
	s := newStage(t, `while read A; do echo "$A"; case "$A" in bye) echo "seen" >&2;; esac; done`, &airsocket.Options{})
	c := clitest.DialRaw(t, s.url)
	go io.Copy(io.Discard, c)
	frame := func(first byte, data string) string {
		return string([]byte{first, 0x80 | byte(len(data)), 0, 0, 0, 0}) + data
	}
	// More than what the pipe has room for and what the server keeps.
	io.WriteString(c, strings.Repeat(frame(0x81, strings.Repeat("x", 100)), 2000)+frame(0x81, "bye")+frame(0x88, "\x03\xe8"))
	for begin := time.Now(); !strings.Contains(s.log.String(), "text=seen"); runtime.Gosched() {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("the process has not got all; the log has %q", s.log.String())
		}
	}
	c.Close()
	s.Wait()
}

// TestEndOfTheOutput checks that a process that writes no more gets the end of its input, and
// the time that it needs then.
func TestEndOfTheOutput(t *testing.T) {
	t.Parallel()
	s := newStage(t, `exec >&-; while read A; do :; done; echo "over" >&2`, &airsocket.Options{})
	s.Grace = time.Minute
	_, closed := converse(t, s.url)
	s.Wait()
	if log := s.log.String(); !strings.Contains(log, "text=over") || closed.Code != airsocket.StatusNormalClosure {
		t.Errorf("closed with %d, the log has %q", closed.Code, log)
	}
}

// TestOthersKeepTheOutput checks that a process that its parent has left behind is no reason
// to keep anything.
func TestOthersKeepTheOutput(t *testing.T) {
	t.Parallel()
	need(t, "/bin/sleep")
	s := newStage(t, `/bin/sleep 1000 & echo $!`, &airsocket.Options{})
	left, err := strconv.Atoi(first(t, s.url))
	if err != nil {
		t.Fatal(err)
	}
	s.Wait()
	if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
		t.Errorf("the process that was left behind has ended before: %v", err)
	}
}

// TestSlowClient checks that a process waits for a client that does not read, and that
// nothing is lost.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	const lines, limit = 20_000, 100_000
	var most atomic.Int64
	full := make(chan struct{})
	o := &airsocket.Options{MaxBuffered: limit}
	o.Hooks = &airsocket.Hooks{Sent: func(s *airsocket.Socket, _ wire.Kind, _ int) {
		n := int64(s.BufferedAmount())
		if before := most.Load(); n > before && most.CompareAndSwap(before, n) && before <= limit/2 && n > limit/2 {
			close(full)
		}
	}}
	s := newStage(t, `I=0; while [ $I -lt `+strconv.Itoa(lines)+` ]; do printf '%01000d\n' $I; I=$((I+1)); done`, o)
	got := 0
	closed := clitest.Talk(t, nil, s.url, "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			c.Pause()
			go func() {
				<-full
				c.Resume()
			}()
		})
		c.OnMessage(func(e *airsocket.MessageEvent) {
			if n, err := strconv.Atoi(strings.TrimLeft(e.Text()[:999], "0") + e.Text()[999:]); err != nil || n != got {
				t.Errorf("line %d is %d (%v)", got, n, err)
			}
			got++
		})
	})
	if got != lines || closed.Code != airsocket.StatusNormalClosure || most.Load() > limit {
		t.Errorf("%d lines, closed with %d, %d bytes waited", got, closed.Code, most.Load())
	}
}

// TestSlowProcess checks that a client waits for a process that does not read, and that its
// end is noticed then.
func TestSlowProcess(t *testing.T) {
	t.Parallel()
	need(t, "/bin/sleep")
	s := newStage(t, `echo $$; exec /bin/sleep 1000`, &airsocket.Options{})
	c := clitest.DialRaw(t, s.url)
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	pid := make([]byte, head[1])
	io.ReadFull(c, pid)
	clitest.Flood(t, c)
	c.Close()
	s.Wait()
	wantGone(t, string(pid))
}

// TestNothingIsLeft checks that 200 connections leave no process, no zombie and no descriptor.
func TestNothingIsLeft(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the descriptors of a process are not known on this system")
	}
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	s := newStage(t, `echo $$; read A`, &airsocket.Options{})
	s.Grace = time.Minute
	first(t, s.url) // opens what stays open
	s.Wait()
	before := descriptors()
	for range 200 {
		pid := first(t, s.url)
		s.Wait()
		wantGone(t, pid)
	}
	for begin := time.Now(); descriptors() > before; runtime.Gosched() {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d descriptors are open, %d before", descriptors(), before)
		}
	}
}

// start runs serve in a process of its own until it has said where it listens. If before is not
// empty, it is run by a shell that has done that.
func start(t *testing.T, before string, args ...string) (p *exec.Cmd, out io.Reader, url string) {
	t.Helper()
	p = clitest.AsProgram(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	if before != "" {
		env := p.Env
		p = exec.Command(shell, append([]string{"-c", before + `; exec "$@"`, "start"}, p.Args...)...)
		p.Env = env
	}
	pipe, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	lines := bufio.NewReader(pipe)
	line, _ := lines.ReadString('\n')
	_, url, _ = strings.Cut(strings.TrimSpace(line), "listening on ")
	return p, lines, url
}

// TestInterruptEndsProcesses checks that a signal to the program ends its processes, and that
// the program waits for them.
func TestInterruptEndsProcesses(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		p, out, url := start(t, "", append([]string{"--exec-grace", "50ms"}, script(t, `trap '' TERM INT; echo $$; while :; do read A || kill -STOP $$; done`)...)...)
		pid := ""
		closed := clitest.Talk(t, nil, url, "", func(c *airsocket.Socket) {
			c.OnMessage(func(e *airsocket.MessageEvent) {
				pid = e.Text()
				p.Process.Signal(signal)
			})
		})
		io.Copy(io.Discard, out)
		if p.Wait(); p.ProcessState.ExitCode() != exit.OK || closed.Code != airsocket.StatusGoingAway {
			t.Errorf("%v: %v, closed with %d", signal, p.ProcessState, closed.Code)
		}
		wantGone(t, pid)
	}
}

// TestNohup checks that a hangup has no effect if it was to be ignored.
func TestNohup(t *testing.T) {
	t.Parallel()
	const trips = 200
	p, out, url := start(t, `trap "" HUP`, script(t, `while read A; do echo "$A"; done`)...)
	n := 0
	closed := clitest.Talk(t, nil, url, "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			p.Process.Signal(syscall.SIGHUP)
			c.Send("a")
		})
		c.OnMessage(func(*airsocket.MessageEvent) {
			if n++; n < trips {
				c.Send("a")
			} else if n == trips {
				p.Process.Signal(os.Interrupt)
			}
		})
	})
	io.Copy(io.Discard, out)
	if p.Wait(); n != trips || p.ProcessState.ExitCode() != exit.OK || closed.Code != airsocket.StatusGoingAway {
		t.Errorf("%d answers, then %v, closed with %d", n, p.ProcessState, closed.Code)
	}
}

// TestSecondInterruptEndsProcesses checks that a second signal does not wait for processes,
// and leaves none.
func TestSecondInterruptEndsProcesses(t *testing.T) {
	t.Parallel()
	need(t, "/bin/sleep")
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("named pipes cannot be made here: ", err)
	}
	p, out, url := start(t, "", append([]string{"--exec-grace", "1h"}, script(t, `exec 9>"`+pipe+`"; trap '' TERM INT; echo a; while :; do /bin/sleep 1000; done`)...)...)
	running := make(chan *os.File, 1)
	go func() {
		f, _ := os.Open(pipe) // as soon as the script has opened it too
		running <- f
	}()
	clitest.Talk(t, nil, url, "", func(c *airsocket.Socket) {
		c.OnMessage(func(*airsocket.MessageEvent) { p.Process.Signal(os.Interrupt) })
	})
	p.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, out)
	if p.Wait(); p.ProcessState.ExitCode() != exit.Interrupted {
		t.Errorf("it ends with %v", p.ProcessState)
	}
	f := <-running
	defer f.Close()
	f.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := f.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("something that the program has started is still running: %v", err)
	}
}

// TestProcessesThatDoNotEndCount checks that there are not more processes than -max-conns,
// although the clients of some have gone.
func TestProcessesThatDoNotEndCount(t *testing.T) {
	t.Parallel()
	need(t, "/bin/sleep")
	s := clitest.StartServe(t, append([]string{"--max-conns", "1", "--exec-grace", "1h"}, script(t, `echo $$; exec /bin/sleep 1000`)...)...)
	// next returns the process of one more client, or 0, and how its connection ends. Until the
	// server has noticed the end of the socket before, a client is refused.
	next := func(until func(pid int, closed airsocket.CloseEvent) bool) (pid int) {
		t.Helper()
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			pid = 0
			closed := clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
				c.OnMessage(func(e *airsocket.MessageEvent) {
					pid, _ = strconv.Atoi(e.Text())
					c.Close(airsocket.StatusNormalClosure, "")
				})
			})
			if pid != 0 {
				t.Cleanup(func() { syscall.Kill(-pid, syscall.SIGKILL) })
			}
			if until(pid, closed) {
				return pid
			}
		}
		t.Error("that does not happen")
		return pid
	}
	served := func(pid int, _ airsocket.CloseEvent) bool { return pid != 0 }
	pid := next(served)
	if other := next(func(pid int, closed airsocket.CloseEvent) bool {
		return pid != 0 || closed.Code == wire.StatusTryAgainLater && closed.Reason == "too many programs are running"
	}); other != 0 {
		t.Error("there is a second process")
	}
	syscall.Kill(-pid, syscall.SIGKILL)
	next(served)
}
