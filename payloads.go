package airsocket

import "github.com/airsocket/airsocket/wire"

// buffered returns how many bytes wait to be given to the system, for
// [Socket.BufferedAmount].
func (t *sender) buffered() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waitingBytes()
}

// waitingBytes is buffered with t.mu held.
func (t *sender) waitingBytes() int { return t.held() - int(t.handed) }

// payloads counts the payloads of the messages that a sender holds, for BufferedAmount with
// RulesBrowser. The sender's lock guards it.
type payloads struct {
	amount int    // what BufferedAmount reports in the turn
	turn   uint64 // the turn in which amount was set; 0 if there was none
	lost   int    // of what is never sent

	appended int         // bytes of all frames
	unsent   []sentUntil // the messages that are not written, oldest first
	total    int         // their length
}

// A sentUntil is a message of n bytes, in size bytes of frames, which is written when all bytes
// of frames up to end are.
type sentUntil struct{ end, size, n int }

// left returns how many bytes of m are not written when the given number of bytes of frames is.
func (m sentUntil) left(written int) int {
	rest := m.end - written
	if m.size < m.n { // it is compressed
		return int(int64(min(rest, m.size)) * int64(m.n) / int64(m.size))
	}
	return min(rest, m.n)
}

// mostUnsent is the number of messages that payloads tells apart. Those that come next count
// as one.
const mostUnsent = 4096

// add records a message of n bytes, whose frames are the last size bytes of what was appended.
func (p *payloads) add(n, size int) {
	p.amount += n
	p.total += n
	if last := len(p.unsent) - 1; last+1 >= mostUnsent {
		p.unsent[last].end = p.appended
		p.unsent[last].size += size
		p.unsent[last].n += n
		return
	}
	p.unsent = append(p.unsent, sentUntil{p.appended, size, n})
}

// waiting returns the length of the messages, and parts of messages, in the last held bytes
// of what was appended.
func (p *payloads) waiting(held int) int {
	written := p.appended - held
	for len(p.unsent) > 0 && p.unsent[0].end <= written {
		p.total -= p.unsent[0].n
		p.unsent = p.unsent[1:]
	}
	if len(p.unsent) == 0 {
		p.unsent = nil // the memory was for more
		return 0
	}
	first := p.unsent[0]
	return p.total - first.n + first.left(written)
}

// lose records that the last held bytes of what was appended are never sent.
func (p *payloads) lose(held int) {
	p.lost += p.waiting(held)
	p.unsent, p.total, p.appended = nil, 0, 0
}

// countPayloads starts to count. The sender has been reset.
func (t *sender) countPayloads() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.makeExtras().payloads = new(payloads)
}

// noteAppended records that frames of n bytes for ev were appended.
func (t *sender) noteAppended(ev *wire.Event, n int) {
	p := t.extras().payloads
	if p == nil {
		return
	}
	p.appended += n
	if ev.Kind == wire.Text || ev.Kind == wire.Binary {
		p.add(len(ev.Data), n)
	}
}

// noteRecoded records that an extension below the frames has replaced the first bytes that
// are not written, from so many to so many. The bytes after them are held.
func (t *sender) noteRecoded(from, to int) {
	if p := t.extras().payloads; p != nil {
		p.recode(from, to, t.held())
	}
}

// recode replaces bytes of frames, before the last held bytes of what was appended. Where a
// message ends in the new ones is not known, so that each gets a share of them.
func (p *payloads) recode(from, to, held int) {
	end := p.appended - held
	begin := end - from
	moved := func(at int) int {
		switch {
		case at <= begin:
			return at
		case at >= end:
			return at + to - from
		}
		return begin + int(int64(at-begin)*int64(to)/int64(from))
	}
	for i := range p.unsent {
		m := &p.unsent[i]
		start := moved(m.end - m.size)
		m.end = moved(m.end)
		m.size = m.end - start
	}
	p.appended += to - from
}

// notePayloads fixes what BufferedAmount reports until the end of the turn, but for what is
// sent in it. Call it before something is appended.
func (t *sender) notePayloads() *payloads {
	p := t.extras().payloads
	if p == nil {
		return nil
	}
	if turn := t.owner.turn(); turn == 0 || p.turn != turn {
		p.turn, p.amount = turn, p.lost+p.waiting(t.waitingBytes())
	}
	return p
}

// bufferedPayloads returns the BufferedAmount in payloads. It is 0 before there was a
// connection.
func (t *sender) bufferedPayloads() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.notePayloads(); p != nil {
		return p.amount
	}
	return 0
}

// countUnsent counts n bytes that are never sent.
func (t *sender) countUnsent(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.notePayloads(); p != nil {
		p.lost += n
		p.amount += n
	}
}
