package faults

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// An end is a Socket that notes what happens to it.
type end struct {
	t      testing.TB
	name   string
	pauses bool       // it reads with pauses
	inTurn func(*end) // called in the turn of each message, if it is not nil
	s      *airsocket.Socket
	opened chan struct{}
	closed chan struct{} // when the close event has come
	whole  chan struct{} // when the last message has come

	sending sync.Mutex // held while a message is sent

	mu       sync.Mutex
	want     int // so many messages come
	got      int
	counted  int  // messages of which Hooks.Received has told, even after Close
	hooked   bool // that is set
	accepted int  // messages that Send has accepted
	byClose  bool // Close was called before the peer's close frame had come
	byDrop   bool
	opens    int
	errs     []error
	closes   []airsocket.CloseEvent
}

func newEnd(t testing.TB, name string) *end {
	return &end{t: t, name: name, opened: make(chan struct{}), closed: make(chan struct{}), whole: make(chan struct{})}
}

// follow sets the handlers of s.
func (e *end) follow(s *airsocket.Socket) {
	count(s)
	e.mu.Lock()
	e.s = s
	if e.hooked {
		ends.Store(weak.Make(s), e)
	}
	e.mu.Unlock()
	s.OnOpen(func(*airsocket.OpenEvent) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.opens++; e.opens == 1 {
			close(e.opened)
		}
	})
	s.OnMessage(func(m *airsocket.MessageEvent) {
		e.receive(m.Bytes())
		if e.inTurn != nil {
			e.inTurn(e)
		}
		if e.pauses && rand.IntN(20) == 0 {
			s.Pause()
			time.AfterFunc(time.Duration(rand.IntN(10))*time.Millisecond, s.Resume)
		}
	})
	s.OnError(func(ev *airsocket.ErrorEvent) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.errs = append(e.errs, ev.Err)
	})
	s.OnClose(func(ev *airsocket.CloseEvent) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.closes = append(e.closes, *ev)
		if len(e.closes) == 1 {
			close(e.closed)
		}
	})
}

// ends has the end of each Socket that follow has been called for.
var ends sync.Map

// countReceived is a Hooks.Received that counts for the end of s.
func countReceived(s *airsocket.Socket, kind wire.Kind, _ int) {
	if e, ok := ends.Load(weak.Make(s)); ok && (kind == wire.Text || kind == wire.Binary) {
		e := e.(*end)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.counted++
	}
}

// forget is for an end whose Socket has closed.
func (e *end) forget() { ends.Delete(weak.Make(e.s)) }

// expect says how many messages come.
func (e *end) expect(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.want = n; e.got >= n {
		close(e.whole)
	}
}

func (e *end) receive(data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !isMessage(data, e.name, e.got) {
		e.t.Errorf("%s: message %d came as %d bytes: %.60q", e.name, e.got, len(data), data)
	}
	if len(e.closes) > 0 || e.opens != 1 {
		e.t.Errorf("%s: a message has come out of its time", e.name)
	}
	if e.got++; e.got == e.want {
		close(e.whole)
	}
}

// A message has its receiver, its number, the length and the checksum of its text, and a
// text that is drawn.
func message(receiver string, number, length int, r *rand.Rand) []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	text, variety := make([]byte, length), uint64(7)
	if r.IntN(2) == 0 {
		variety = 63 // which can hardly be compressed
	}
	for i, drawn := 0, uint64(0); i < length; i, drawn = i+1, drawn>>6 {
		if i%10 == 0 {
			drawn = r.Uint64()
		}
		text[i] = alphabet[drawn&variety]
	}
	return fmt.Appendf(nil, "%s %d %d %08x %s", receiver, number, length, crc32.ChecksumIEEE(text), text)
}

func isMessage(data []byte, receiver string, number int) bool {
	fields := strings.SplitN(string(data), " ", 5)
	return len(fields) == 5 && fields[0] == receiver && fields[1] == fmt.Sprint(number) &&
		fields[2] == fmt.Sprint(len(fields[4])) && fields[3] == fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(fields[4])))
}

// kindOf returns a kind of messages that version has.
func kindOf(r *rand.Rand, v wire.Version) wire.Kind {
	if v < wire.Hybi06 || r.IntN(2) == 0 {
		return wire.Text
	}
	return wire.Binary
}

// send sends the next message to the end named by receiver, and reports whether it was
// accepted.
func (e *end) send(receiver string, length int, r *rand.Rand) error {
	e.sending.Lock()
	defer e.sending.Unlock()
	return e.sendBy(e.s.SendMessage, receiver, length, r)
}

// sendBy is send with a function that sends. The caller holds e.sending.
func (e *end) sendBy(by func(wire.Kind, []byte) error, receiver string, length int, r *rand.Rand) error {
	e.mu.Lock()
	number := e.accepted
	e.mu.Unlock()
	err := by(kindOf(r, e.s.Version()), message(receiver, number, length, r))
	if err == nil {
		e.mu.Lock()
		e.accepted++
		e.mu.Unlock()
	}
	return err
}

// leaves notes that e is about to end the connection, unless that is ending already.
func (e *end) leaves() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byClose = e.byClose || e.s != nil && e.s.ReadyState() != airsocket.StateClosing && e.s.ReadyState() != airsocket.StateClosed
}

// close calls Close, and notes that the end was the first to do so, as far as it knew.
func (e *end) close(code airsocket.StatusCode) {
	e.leaves()
	if err := e.s.Close(code, ""); err != nil {
		e.t.Errorf("%s: Close: %v", e.name, err)
	}
}

// drop calls Drop.
func (e *end) drop(code airsocket.StatusCode) {
	e.mu.Lock()
	e.byDrop = true
	e.mu.Unlock()
	if err := e.s.Drop(code, ""); err != nil {
		e.t.Errorf("%s: Drop: %v", e.name, err)
	}
}

// exists reports whether there is a Socket yet.
func (e *end) exists() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.s != nil
}

// isClosed reports whether the close event has come.
func (e *end) isClosed() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

// isOpen reports whether the open event has come.
func (e *end) isOpen() bool {
	select {
	case <-e.opened:
		return true
	default:
		return false
	}
}

// String says how the end has ended.
func (e *end) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text()
}

// text is String. The caller holds e.mu.
func (e *end) text() string {
	text := fmt.Sprintf("%s: %d opened, %d messages of %d, %d accepted", e.name, e.opens, e.got, e.want, e.accepted)
	for _, c := range e.closes {
		text += fmt.Sprintf(", close %d %q clean=%v", c.Code, c.Reason, c.WasClean)
	}
	for _, err := range e.errs {
		text += fmt.Sprintf(", error %v", err)
	}
	return text
}
