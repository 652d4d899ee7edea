//go:build unix

package main

import (
	"cmp"
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
)

// patience is how long a successor may take until it is ready.
const patience = 10 * time.Second

// startSuccessor starts the program anew, and returns when the new process is ready. If that
// fails this one goes on as before.
func startSuccessor(shared *os.File) error {
	program, err := os.Executable() // by its name, which may be that of a new version
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Env = append(os.Environ(), successor+"=1")
	cmd.ExtraFiles = []*os.File{shared, w}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Start()
	w.Close() // so that there is an end if the new process has ended
	if err != nil {
		return err
	}
	r.SetReadDeadline(time.Now().Add(patience))
	if _, err := r.Read(make([]byte, 1)); err != nil {
		cmd.Process.Kill()
		return fmt.Errorf("the new process is not ready: %w", cmp.Or(cmd.Wait(), err))
	}
	return cmd.Process.Release()
}

// ready tells the process before this one, and systemd (sd_notify(3)), that this one serves
// from now on.
func ready() error {
	if name := os.Getenv("NOTIFY_SOCKET"); name != "" {
		if err := notify(name, fmt.Sprintf("READY=1\nMAINPID=%d", os.Getpid())); err != nil {
			return err
		}
	}
	if os.Getenv(successor) == "" {
		return nil
	}
	f := os.NewFile(readyFD, "ready")
	defer f.Close()
	_, err := f.WriteString("!")
	return err
}

func notify(name, state string) error {
	conn, err := net.Dial("unixgram", name)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
