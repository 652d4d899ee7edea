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
// The old process closes its sockets instead of waiting until the clients go, because
// sockets can last for days. A message is accepted when its acknowledgment is sent; one that
// was not acknowledged before the close frame has no effect, and has to be sent again.
//
// If systemd has opened the listening socket it is used, as the files in examples/deploy
// say, and systemd is told which process is the main one.
package main

import (
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
	if err := flags.Parse(args); err != nil {
		return err
	}
	journal, err := os.OpenFile(*name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	l, shared, err := listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	go func() {
		waitForEnd(signals, shared)
		shared.Close()
		l.Close() // the socket listens on if another process has it
	}()
	if err := ready(); err != nil {
		return err
	}

	srv := &journaled{journal: journal}
	srv.OnConnect(srv.connected)
	if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
		return err
	}
	time.AfterFunc(*limit, func() { srv.Close() })
	airsocket.Run(srv.leave)
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

// waitForEnd returns when this process is to end: at SIGHUP, when another one has taken
// over.
func waitForEnd(signals <-chan os.Signal, shared *os.File) {
	for sig := range signals {
		if sig != syscall.SIGHUP {
			return
		}
		err := startSuccessor(shared)
		if err == nil {
			return
		}
		log.Print(err)
	}
}

// listen returns the listener of the process before this one, or of systemd
// (sd_listen_fds(3)), or else a new one on addr. shared is a duplicate of its descriptor for
// the next process.
func listen(addr string) (l net.Listener, shared *os.File, err error) {
	fromSystemd := os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) && os.Getenv("LISTEN_FDS") == "1"
	if os.Getenv(successor) != "" || fromSystemd {
		syscall.CloseOnExec(listenerFD)
		shared = os.NewFile(listenerFD, "listener")
		l, err = net.FileListener(shared)
		return l, shared, err
	}
	if l, err = airsocket.Listen(addr); err != nil {
		return nil, nil, err
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
