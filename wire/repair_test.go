package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// A sizedPool notes the longest buffer that was in use.
type sizedPool struct{ longest int }

func (p *sizedPool) Get(n int) *wire.Buffer {
	p.longest = max(p.longest, n)
	return &wire.Buffer{B: make([]byte, 0, n)}
}

func (p *sizedPool) Put(b *wire.Buffer) { p.longest = max(p.longest, cap(b.B)) }

// TestRepairKeepsTheLimit checks that a text whose repair would make it longer than
// MaxMessage is refused before that takes memory.
func TestRepairKeepsTheLimit(t *testing.T) {
	const most = 1 << 20
	for length, want := range map[int]error{most / 3: nil, most/3 + 1: wire.ErrMessageTooBig, most: wire.ErrMessageTooBig} {
		p := new(sizedPool)
		var d wire.Decoder
		d.Init(&wire.Config{Version: wire.Hixie76, Role: wire.Server, MaxMessage: most, Memory: p})
		d.Feed([]byte("\x00" + strings.Repeat("\x80", length) + "\xff"))
		ev := d.Next()
		if !errors.Is(ev.Err, want) || want == nil && string(ev.Data) != strings.Repeat("\ufffd", length) {
			t.Errorf("%d bytes: %v with %d bytes, %v", length, ev.Kind, len(ev.Data), ev.Err)
		}
		if p.longest > most {
			t.Errorf("%d bytes: a buffer of %d bytes", length, p.longest)
		}
	}
}
