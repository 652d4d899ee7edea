package connect

import "io"

// A given source sends the texts of -x.
type given struct {
	texts []string
}

func (g *given) start(c *client) { c.take(batch{g.texts, io.EOF}) }
func (g *given) taken()          {}
func (g *given) stop()           {}

// A piped source sends the texts of -x and then the lines of r.
type piped struct {
	first []string
	r     io.Reader
	limit int
	flow
}

func (p *piped) start(c *client) {
	p.flow.open()
	give := func(b batch) bool {
		c.disp.Post(func() { c.take(b) })
		return p.wait()
	}
	go func() {
		if len(p.first) == 0 || give(batch{lines: p.first}) {
			readLines(p.r, p.limit, give)
		}
	}()
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

func (f *flow) stop() {
	if f.done != nil {
		close(f.done)
	}
}
