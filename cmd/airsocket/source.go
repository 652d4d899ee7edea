package main

import "io"

// given is the input of -x.
type given struct {
	texts []string
}

func (g *given) start(c *client) { c.take(batch{g.texts, io.EOF}) }
func (g *given) taken()          {}
func (g *given) stop()           {}

// piped is an input that is read to its end.
type piped struct {
	r     io.Reader
	limit int
	flow
}

func (p *piped) start(c *client) {
	p.flow.open()
	go readLines(p.r, p.limit, func(b batch) bool {
		c.disp.Post(func() { c.take(b) })
		return p.wait()
	})
}

// flow lets a goroutine that reads go on only when what it has read is used.
type flow struct {
	next chan struct{} // room for one
	done chan struct{}
}

func (f *flow) open() { f.next, f.done = make(chan struct{}, 1), make(chan struct{}) }

// wait reports whether there is to be more.
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
