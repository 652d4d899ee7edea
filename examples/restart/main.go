//go:build unix

// Restart is a server that can be replaced while clients are connected, for instance by a
// new version of itself. It writes each message to a journal before it acknowledges it.
//
// At SIGHUP it starts its program anew, and passes on the listening socket. As soon as the
// new process is ready the old one accepts no more connections, completes the opening
// handshakes that have begun, closes its sockets with status code 1001 and ends. No client
// is refused: the listening socket is never closed, and what neither process has accepted
// yet waits in it. A client that connects again (Options.Reconnect) meets the new process.
//
// If the new process cannot start, for instance because of its configuration, the old one
// goes on as if nothing had happened. A signal that the old process gets while the new one
// starts, or later, is passed on to the new one.
//
// The old process closes its sockets instead of waiting until the clients go, because
// sockets can last for days. A message is accepted when its acknowledgment is sent; one that
// was not acknowledged before the close frame has no effect, and has to be sent again.
// Clients that do not close within -limit are cut off.
//
// The new process has the arguments of the old one, and reads the certificate again. It
// cannot listen on another address. If systemd has opened the listening socket it is used, as
// the files in examples/deploy say, and systemd is told which process is the main one. The
// file of a unix socket stays until the last process ends.
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("restart", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	name := flags.String("journal", "journal.txt", "file for the messages")
	limit := flags.Duration("limit", 30*time.Second, "time for the clients to close at the end")
	cert := flags.String("cert", "", "file with a certificate, for wss")
	key := flags.String("key", "", "file with the key of the certificate")
	if err := flags.Parse(args); err != nil {
		return err
	}
	journal, err := os.OpenFile(*name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	srv := &journaled{journal: journal}
	srv.OnConnect(srv.connected)
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return err
		}
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	signals := make(chan os.Signal, 16) // what comes while a new process starts waits here
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	l, shared, err := listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	passedOn := make(chan struct{})
	go func() {
		defer close(passedOn)
		next := waitForEnd(signals, shared)
		if u, ok := l.(*net.UnixListener); ok && next == nil && !systemdListens() {
			u.SetUnlinkOnClose(true)
		}
		shared.Close()
		l.Close() // the socket listens on if another process has it
		for sig := range signals {
			if next != nil {
				next.Signal(sig)
			}
		}
	}()
	if err := ready(); err != nil {
		return err
	}
	if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
		return err
	}
	time.AfterFunc(*limit, func() { srv.Close() })
	airsocket.Run(srv.leave)
	signal.Stop(signals) // which waits for those that are on their way
	close(signals)
	<-passedOn
	return nil
}

// A journaled is a Server that writes what it receives to a journal.
type journaled struct {
	airsocket.Server
	journal io.Writer
	leaving bool // used only in turns, like the rest
}

func (srv *journaled) connected(s *airsocket.Socket) {
	s.OnOpen(func(*airsocket.OpenEvent) {
		if srv.leaving {
			s.Close(airsocket.StatusGoingAway, "restart")
		}
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		// Processes append to the file at the same time, so each line is a single write.
		if _, err := fmt.Fprintf(srv.journal, "%s\n", e.Bytes()); err != nil {
			log.Print(err)
			s.Close(airsocket.StatusInternalError, "the message could not be stored")
			return
		}
		s.Send(fmt.Sprint(os.Getpid(), " has ", e.Text()))
	})
}

// leave closes all sockets, and those that are not open yet as soon as they are. In a turn
// no handler is between a message and its acknowledgment.
func (srv *journaled) leave() {
	srv.leaving = true
	srv.CloseAll(airsocket.StatusGoingAway, "restart")
}

// waitForEnd returns when this process is to end, with the one that has replaced it, or nil.
func waitForEnd(signals <-chan os.Signal, shared *os.File) (next *os.Process) {
	for sig := range signals {
		if sig != syscall.SIGHUP {
			break
		}
		next, err := startSuccessor(shared)
		if err != nil {
			log.Print(err)
			continue
		}
		if err := notify(fmt.Sprint("MAINPID=", next.Pid)); err != nil {
			log.Print(err)
		}
		return next
	}
	return nil
}

// systemdListens reports whether systemd has opened the listening socket (sd_listen_fds(3)),
// for this process or for the first one of those that it has replaced.
func systemdListens() bool { return os.Getenv("LISTEN_FDS") == "1" }

// listen returns the listener of the process before this one, or of systemd, or else a new
// one on addr. shared is a duplicate of its descriptor for the next process.
func listen(addr string) (l net.Listener, shared *os.File, err error) {
	fromSystemd := systemdListens() && os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid())
	if os.Getenv(successor) != "" || fromSystemd {
		syscall.CloseOnExec(listenerFD)
		shared = os.NewFile(listenerFD, "listener")
		l, err = net.FileListener(shared)
		return l, shared, err
	}
	if l, err = airsocket.Listen(addr); err != nil {
		return nil, nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // the next process needs the file
	}
	shared, err = duplicate(l.(syscall.Conn))
	return l, shared, err
}

// duplicate duplicates the descriptor of l. Unlike that of the method File, the result does
// not get into blocking mode, in which l would be too, when os/exec passes it on.
func duplicate(l syscall.Conn) (*os.File, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var f *os.File
	failed := raw.Control(func(of uintptr) {
		var fd int
		if fd, err = syscall.Dup(int(of)); err == nil {
			syscall.CloseOnExec(fd)
			f = os.NewFile(uintptr(fd), "listener")
		}
	})
	return f, errors.Join(failed, err)
}
