package transport_test

import (
	"bytes"
	"errors"
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

// A connection that can only be read by waiting is read to a small buffer while little
// comes, since each has its own, and to longer ones while they are filled.
func TestBuffersOfAConnectionThatWaits(t *testing.T) {
	s := &script{steps: []step{{1, nil}, {-1, nil}, {-1, nil}, {-1, nil}, {1, nil}, {1, nil}, {0, io.EOF}}}
	j := newJournal(t, transport.New(s), 1000)
	j.serve()
	j.wantEnd(io.EOF)
	if want := []int{512, 512, 16 << 10, 64 << 10, 64 << 10, 512, 512}; !slices.Equal(s.lengths, want) {
		t.Errorf("the buffers had %d bytes, want %d", s.lengths, want)
	}
	if want := 1 + 512 + 16<<10 + 64<<10 + 1 + 1; j.got.Len() != want {
		t.Errorf("%d bytes have come, want %d", j.got.Len(), want)
	}
}

// What a Read returns together with an error is there before the error.
func TestBytesWithAnError(t *testing.T) {
	s := &script{steps: []step{{5, errEnough}}}
	j := newJournal(t, transport.New(s), 3)
	j.serve()
	if j.got.Len() != 5 || len(j.ended) != 1 || !errors.Is(j.ended[0], errEnough) {
		t.Errorf("%d bytes have come, and then %v", j.got.Len(), j.ended)
	}
}

// TryRead says when it has taken the last of what a Read has returned.
func TestDrained(t *testing.T) {
	s := &script{steps: []step{{5, nil}, {0, io.EOF}}}
	c := transport.New(s)
	r := &drainer{c: c}
	c.Serve(r)
	if want := []bool{true, false, false, true, true}; !slices.Equal(r.drained, want) {
		t.Errorf("drained was %v, want %v", r.drained, want)
	}
}

// drainer is a Reader that reads two bytes at a time until there is nothing.
type drainer struct {
	c       *transport.Conn
	drained []bool
}

func (d *drainer) Readable() (over bool) {
	for {
		_, drained, err := d.c.TryRead(make([]byte, 2))
		d.drained = append(d.drained, drained)
		if err != nil {
			return false
		}
	}
}

func (d *drainer) Ended(error) {}
