package airsocket

import (
	"math/rand/v2"
	"testing"
)

// TestPayloads compares payloads with the bytes themselves: each is in the payload of a
// message or in a header.
func TestPayloads(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var p payloads
	var frames []bool // whether the byte belongs to a payload; the first are written
	for range 20_000 {
		switch random.IntN(3) {
		case 0:
			n, header := random.IntN(30), 2+random.IntN(9)
			p.appended += header + n
			p.add(n, header+n)
			frames = append(frames, make([]bool, header)...)
			for range n {
				frames = append(frames, true)
			}
		case 1: // a control frame
			p.appended += 5
			frames = append(frames, make([]bool, 5)...)
		case 2:
			frames = frames[random.IntN(len(frames)+1):]
		}
		want := 0
		for _, payload := range frames {
			if payload {
				want++
			}
		}
		if got := p.waiting(len(frames)); got != want {
			t.Fatalf("%d bytes of payloads wait, want %d", got, want)
		}
	}
	rest := p.waiting(len(frames))
	p.lose(len(frames))
	if p.lost != rest || p.waiting(0) != 0 {
		t.Errorf("lost are %d, want %d; %d wait", p.lost, rest, p.waiting(0))
	}
}

// TestPayloadsAreLimited checks that many short messages that wait take no more memory than
// a limit, and that their sum is right.
func TestPayloadsAreLimited(t *testing.T) {
	const messages = 3 * mostUnsent
	var p payloads
	for i := range messages {
		p.appended += 7
		p.add(1, 7)
		if got := p.waiting(p.appended); got != i+1 {
			t.Fatalf("%d bytes wait after %d messages", got, i+1)
		}
	}
	if n := len(p.unsent); n > mostUnsent {
		t.Errorf("%d messages are kept, more than %d", n, mostUnsent)
	}
	for held := p.appended; held > 0; held-- {
		if got, most := p.waiting(held), min(messages, held); got > most || got < held/7 {
			t.Fatalf("%d bytes of payloads wait in %d bytes", got, held)
		}
	}
	if got := p.waiting(0); got != 0 || p.unsent != nil {
		t.Errorf("%d bytes wait when all is written", got)
	}
}
