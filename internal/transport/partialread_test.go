package transport_test

import (
	"bytes"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/airsocket/airsocket/internal/transport"
)

// script is a connection of which each Read returns what the script says.
type script struct {
	net.Conn
	steps   []step
	lengths []int // of the buffers
}

type step struct {
	n   int // bytes; -1: as many as there is room for
	err error
}

func (s *script) Read(p []byte) (int, error) {
	s.lengths = append(s.lengths, len(p))
	step := s.steps[0]
	s.steps = s.steps[1:]
	if step.n < 0 {
		step.n = len(p)
	}
	copy(p, bytes.Repeat([]byte("x"), step.n))
	return step.n, step.err
}

// What a Read returns together with an error is there before the error.
func TestBytesWithAnError(t *testing.T) {
	s := &script{steps: []step{{5, errEnough}}}
	j := newJournal(t, transport.New(s), 3)
	j.serve()
	if j.got.Len() != 5 {
		t.Errorf("%d bytes have come", j.got.Len())
	}
	j.wantEnd(errEnough)
}

// TryRead says when it has taken the last of what a Read has returned.
func TestDrained(t *testing.T) {
	s := &script{steps: []step{{5, nil}, {0, io.EOF}}}
	c := transport.New(s)
	r := &drainer{c: c}
	c.Serve(r)
	if want := []bool{true, false, false, true, true, true}; !slices.Equal(r.drained, want) {
		t.Errorf("drained was %v, want %v", r.drained, want)
	}
}

// drainer is a Reader that reads two bytes at a time until there is nothing.
type drainer struct {
	c       *transport.Conn
	drained []bool
}

func (d *drainer) Readable() transport.Next {
	for {
		_, drained, err := d.c.TryRead(make([]byte, 2))
		d.drained = append(d.drained, drained)
		switch err {
		case nil:
		case transport.ErrWouldBlock:
			return transport.Wait
		default:
			return transport.Over
		}
	}
}

func (d *drainer) Space() []byte { return nil }
func (d *drainer) Ended()        {}
