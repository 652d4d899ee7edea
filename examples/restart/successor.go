//go:build unix

package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// successor is the environment variable of a process that was started by another one, which
// it is to replace. It has these descriptors.
const (
	successor  = "RESTART_SUCCESSOR"
	listenerFD = 3
	readyFD    = 4 // a pipe, to which it writes when it is ready
	beginFD    = 5 // a pipe, from which it reads before it accepts a connection
)

// patience is how long a successor may take until it is ready.
const patience = 10 * time.Second

// startSuccessor starts the program anew, and returns the new process when it serves. If that
// fails this one goes on as before.
func startSuccessor(shared *os.File) (*os.Process, error) {
	program, err := os.Executable() // by its name, which may be that of a new version
	if err != nil {
		return nil, err
	}
	ready, readyW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	beginR, begin, err := os.Pipe()
	if err != nil {
		readyW.Close()
		return nil, err
	}
	defer begin.Close()
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Env = append(os.Environ(), successor+"=1")
	cmd.ExtraFiles = []*os.File{shared, readyW, beginR}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Start()
	readyW.Close() // so that there is an end if the new process has ended
	beginR.Close()
	if err != nil {
		return nil, err
	}
	ready.SetReadDeadline(time.Now().Add(patience))
	if _, err = ready.Read(make([]byte, 1)); err == nil {
		_, err = begin.WriteString("!")
	}
	if err != nil {
		// It has accepted no connection, even if it was ready just after the deadline.
		cmd.Process.Kill()
		return nil, fmt.Errorf("the new process is not ready: %w", cmp.Or(cmd.Wait(), err))
	}
	return cmd.Process, nil
}

// ready returns when this process is to serve: at once, or when the process before this one
// knows that it is ready, and has not given up waiting for it.
func ready() error {
	if os.Getenv(successor) == "" {
		return notify("READY=1")
	}
	f := os.NewFile(readyFD, "ready")
	_, err := f.WriteString("!")
	f.Close()
	if err != nil {
		return err
	}
	begin := os.NewFile(beginFD, "begin")
	defer begin.Close()
	if _, err := begin.Read(make([]byte, 1)); err != nil {
		return errors.New("the process before this one does not want to be replaced")
	}
	return nil
}

// notify tells systemd about this process (sd_notify(3)), if it has started it.
func notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.Dial("unixgram", name)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
