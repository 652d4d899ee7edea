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
	p.appended += 12
	p.add(10, 12)
	if got := p.waiting(12); got != 10 || p.waiting(0) != 0 {
		t.Errorf("%d bytes wait after others were lost, and %d when all is written", got, p.waiting(0))
	}
}

// TestPayloadsOfCompressed checks that a compressed message counts by the share of its bytes
// that wait.
func TestPayloadsOfCompressed(t *testing.T) {
	var p payloads
	p.appended += 5 // a control frame
	p.appended += 20
	p.add(1000, 20)
	for held, want := range map[int]int{25: 1000, 21: 1000, 20: 1000, 10: 500, 1: 50} {
		q := p
		if got := q.waiting(held); got != want {
			t.Errorf("%d bytes wait in the last %d, want %d", got, held, want)
		}
	}
}

// TestPayloadsRecoded checks which messages wait when what waits takes more or fewer bytes
// than before.
func TestPayloadsRecoded(t *testing.T) {
	var p payloads
	for range 4 { // the first is written; the others take 300 bytes, and then 60
		p.appended += 100
		p.add(90, 100)
	}
	p.waiting(300)
	p.recode(300, 60, 0)
	for _, held := range []int{60, 50, 40, 30, 20, 10, 0} {
		if got := p.waiting(held); got != held*90/20 {
			t.Errorf("%d bytes wait in the last %d, want %d", got, held, held*90/20)
		}
	}

	p.appended += 100
	p.add(90, 100)
	p.appended += 50
	p.add(40, 50)
	p.recode(100, 200, 50) // only the first of the two
	for _, test := range [][2]int{{250, 130}, {150, 130}, {140, 130}, {95, 85}, {50, 40}, {20, 20}} {
		if got := p.waiting(test[0]); got != test[1] {
			t.Errorf("%d bytes wait in the last %d, want %d", got, test[0], test[1])
		}
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
