//go:build linux

package workers_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/airsocket/airsocket/internal/workers"
)

// BenchmarkEcho measures messages of 125 bytes over TCP, each of which waits for the
// answer to the last one on its connection: served by workers, and by a goroutine for
// each connection that waits in one RawConn.Read. Both take turns in one run. The peers
// are in a process of their own, so that the CPU time reported is that of serving alone.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{100, 1000} {
		b.Run(fmt.Sprint("c", conns), func(b *testing.B) {
			const rounds = 10
			n := b.N/rounds/conns + 1
			exchange := [...]func(n int){
				peers(b, conns, func(conn *net.TCPConn) {
					fd := take(b, conn)
					s := &echoServer{fd: fd}
					if err := s.Add(fd, s); err != nil {
						b.Error(err)
					}
				}),
				peers(b, conns, func(conn *net.TCPConn) { go echoInGoroutine(conn) }),
			}
			var cpu [2]time.Duration
			for i := range exchange {
				exchange[i](1)
			}
			b.ResetTimer()
			for range rounds {
				for i := range exchange {
					before := cpuTime()
					exchange[i](n)
					cpu[i] += cpuTime() - before
				}
			}
			b.StopTimer()
			all := float64(n * conns * rounds)
			b.ReportMetric(float64(cpu[0])/all, "workers-cpu-ns/msg")
			b.ReportMetric(float64(cpu[1])/all, "goroutines-cpu-ns/msg")
			b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "ratio")
		})
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const peersOf = "AIRSOCKET_WORKERS_PEERS_OF" // the address that the process of peers connects to

// peers starts a process with connections to this one, each of which is passed to
// accept. The returned function exchanges n messages on all of them.
func peers(b *testing.B, conns int, accept func(*net.TCPConn)) (exchange func(n int)) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", peersOf, ln.Addr(), conns))
	cmd.Stderr = os.Stderr
	to, _ := cmd.StdinPipe()
	from, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		to.Close()
		cmd.Wait()
	})
	for range conns {
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		accept(conn.(*net.TCPConn))
	}
	lines := bufio.NewScanner(from)
	return func(n int) {
		fmt.Fprintln(to, n)
		if !lines.Scan() {
			b.Fatal("the process of the peers has ended")
		}
	}
}

// TestMain runs the process of the peers instead, if it is asked to.
func TestMain(m *testing.M) {
	if of := os.Getenv(peersOf); of != "" {
		bePeers(of)
		return
	}
	os.Exit(m.Run())
}

func bePeers(of string) {
	var addr string
	var n int
	fmt.Sscan(of, &addr, &n)
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		conns[i] = conn
	}
	for {
		if _, err := fmt.Scanln(&n); err != nil {
			return
		}
		var wg sync.WaitGroup
		for _, conn := range conns {
			wg.Go(func() {
				var p [125]byte
				for range n {
					conn.Write(p[:])
					if _, err := io.ReadFull(conn, p[:]); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
				}
			})
		}
		wg.Wait()
		fmt.Println()
	}
}

type echoServer struct {
	workers.Task
	fd int
}

func (s *echoServer) In(hup bool) bool {
	if !echoNoWait(s.fd, hup) {
		s.Remove()
		syscall.Close(s.fd)
	}
	return false
}

func (s *echoServer) Out() bool { return false }

func echoInGoroutine(conn *net.TCPConn) {
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Read(func(fd uintptr) bool { return !echoNoWait(int(fd), false) })
}

// echoNoWait makes its system calls without telling the scheduler, as
// internal/transport does. It returns false at the end.
func echoNoWait(fd int, hup bool) bool {
	var p [4096]byte
	for {
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p)), uintptr(len(p)))
		if err == syscall.EAGAIN {
			return true
		}
		if err != 0 || n == 0 {
			return false
		}
		syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p)), n)
		if int(n) < len(p) && !hup {
			return true
		}
	}
}
