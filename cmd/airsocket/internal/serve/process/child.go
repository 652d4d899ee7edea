package process

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A child is a process with pipes for its standard streams.
type child struct {
	cmd          *exec.Cmd
	in, out, err *os.File // our ends of the pipes
	exited       chan struct{}
}

// start starts a process.
func start(path string, args, env []string) (*child, error) {
	c := &child{cmd: exec.Command(path, args...), exited: make(chan struct{})}
	c.cmd.Env = env
	isolate(c.cmd)
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	// The pipes of package exec would be closed at the end of the process, even if
	// something is left in them.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs, c.in, c.cmd.Stdin = append(theirs, r), w, r
	for _, to := range []struct {
		ours   **os.File
		theirs *io.Writer
	}{{&c.out, &c.cmd.Stdout}, {&c.err, &c.cmd.Stderr}} {
		r, w, err := os.Pipe()
		if err != nil {
			c.close()
			return nil, err
		}
		theirs = append(theirs, w)
		*to.ours, *to.theirs = r, w
	}
	if err := startAlive(c.cmd); err != nil {
		c.close()
		return nil, err
	}
	go func() {
		c.cmd.Wait()
		alive.Lock()
		delete(alive.all, c.cmd.Process)
		alive.Unlock()
		close(c.exited)
	}()
	return c, nil
}

// alive has the processes that have not ended.
var alive = struct {
	sync.Mutex
	all map[*os.Process]bool
}{all: map[*os.Process]bool{}}

func startAlive(cmd *exec.Cmd) error {
	alive.Lock()
	defer alive.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	alive.all[cmd.Process] = true
	return nil
}

// KillAll ends all processes, for a program that ends at once. None can be started any more.
func KillAll() {
	alive.Lock()
	for p := range alive.all {
		endings[len(endings)-1](p)
	}
}

// end waits until the process has ended, for grace, and then makes it end. It reports
// whether that was necessary.
func (c *child) end(grace time.Duration) (forced bool) {
	for _, by := range endings {
		select {
		case <-c.exited:
			return forced
		default:
		}
		timer := time.NewTimer(grace)
		select {
		case <-c.exited:
			timer.Stop()
			return forced
		case <-timer.C:
			by(c.cmd.Process)
			forced = true
		}
	}
	<-c.exited
	return forced
}

// drain reads the rest of the output, so that a process that writes can go on to its end.
func (c *child) drain() { io.Copy(io.Discard, c.out) }

// close closes our ends of the pipes.
func (c *child) close() {
	for _, f := range []*os.File{c.in, c.out, c.err} {
		if f != nil {
			f.Close()
		}
	}
}
