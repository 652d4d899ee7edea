package connect

import (
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
)

// A typed source sends the messages, and runs the commands, that are typed on a
// terminal.
type typed struct {
	tty  *console.Terminal
	json bool

	c      *client
	cooked printer // the printer of the client without a terminal
}

func (t *typed) start(c *client) {
	t.c, t.cooked = c, c.print
	if err := t.tty.Start(); err != nil {
		c.fail(err)
		return
	}
	c.print = interactive(t)
	if t.json {
		c.print = jsonLines(t, time.Now)
	} else {
		t.tty.Print("* type a message, or /help\n")
	}
	go t.read()
}

// Write prints p above the line that is being typed.
func (t *typed) Write(p []byte) (int, error) { return len(p), t.tty.Print(string(p)) }

// read reads lines and passes them to the client. Ctrl-C, Ctrl-D or the end of
// the terminal closes the connection.
func (t *typed) read() {
	for {
		line, pasted, err := t.tty.ReadLine()
		if err != nil {
			t.c.disp.Post(t.c.close)
			return
		}
		t.c.disp.Post(func() { t.c.enter(line, pasted) })
	}
}

func (t *typed) taken() {}

func (t *typed) stop() {
	t.tty.Stop()
	t.c.print = t.cooked
}
