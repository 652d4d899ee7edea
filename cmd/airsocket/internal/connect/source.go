package connect

import (
	"io"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// A batch is a part of the input: what to send, and the error that ended the input, if any.
type batch struct {
	messages []journal.Event
	err      error // io.EOF at the end
}

// A piped source sends the messages in r.
type piped struct {
	r     io.Reader
	form  form
	limit int
	flow
}

func (p *piped) start(c *client) {
	p.flow.open()
	go p.form.read(p.r, p.limit, func(b batch) bool {
		c.disp.Post(func() { c.take(b) })
		return p.wait()
	})
}

// A flow makes the goroutine that reads the input wait until the client has
// sent what it has read.
type flow struct {
	next chan struct{} // has a buffer of one
	done chan struct{}
}

func (f *flow) open() { f.next, f.done = make(chan struct{}, 1), make(chan struct{}) }

// wait waits for a call of taken or stop, and reports whether it was taken.
func (f *flow) wait() bool {
	select {
	case <-f.next:
		return true
	case <-f.done:
		return false
	}
}

func (f *flow) taken() { f.next <- struct{}{} }
func (f *flow) stop()  { close(f.done) }
