package airsocket

import (
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// flushSoon has what is pending written at the end of the turn, or now.
func (t *sender) flushSoon() {
	if t.writing {
		if t.pending != nil && len(t.pending.B) >= flushAt {
			t.stashPending()
		}
		return
	}
	if !t.listed {
		t.listed = t.owner.flushLater(t)
	}
	if !t.listed || t.pending != nil && len(t.pending.B) >= flushAt {
		t.flushLocked(false)
	}
}

// flush is called once for each time that flushLater has listed t. serving says that
// the caller serves the connection. The common case is here at its full length, for the
// sake of the stack; see ARCHITECTURE.md.
func (t *sender) flush(serving bool) {
	t.mu.Lock()
	t.listed = false
	b := t.pending
	if !serving || b == nil || t.writing || t.broken || t.fin {
		t.flushLocked(serving)
		t.unlock()
		return
	}
	t.pending = nil
	n, err := t.conn.TryWriteServing(b.B)
	t.afterWrite(b, n, err)
	t.unlock()
}

// flushNow writes what is pending, and leaves the Dispatcher's list as it is.
// It returns an error if writing has failed.
func (t *sender) flushNow() error {
	t.mu.Lock()
	t.flushLocked(false)
	return t.unlockQuietly()
}

// flushLocked writes what is pending, without waiting.
//
//go:noinline
func (t *sender) flushLocked(serving bool) {
	if t.writing {
		return
	}
	b := t.pending
	if b == nil {
		t.shutdownIfDone()
		return
	}
	if t.conn == nil || t.broken {
		return // giveUp counts it
	}
	t.pending = nil
	var n int
	var err error
	if serving {
		n, err = t.conn.TryWriteServing(b.B)
	} else {
		n, err = t.conn.TryWrite(b.B, nil)
	}
	t.afterWrite(b, n, err)
}

// afterWrite is called when n bytes of b have been written.
//
//go:noinline
func (t *sender) afterWrite(b *wire.Buffer, n int, err error) {
	switch {
	case err != nil:
		unsent := len(b.B) - n
		buffers.Put(b)
		t.fail(err, unsent)
	case n < len(b.B):
		t.startWriter(b, n)
	default:
		buffers.Put(b)
		t.data = false
		t.shutdownIfDone()
	}
}

// shutdownIfDone ends the sending direction when nothing is to follow, so that
// the peer sees the end only after all that was sent.
func (t *sender) shutdownIfDone() {
	if !t.fin || t.writing || t.pending != nil || t.conn == nil {
		return
	}
	t.fin = false
	conn := t.conn
	if conn.CanTry() {
		conn.CloseWrite()
		return
	}
	go func() { // TLS writes, and may have to wait
		if !conn.CloseWrite() {
			conn.Close()
		}
	}()
}

// fail gives up a connection that cannot be written to any more. unsent is the number of
// bytes that are neither pending nor the writer goroutine's and have not been written.
func (t *sender) fail(err error, unsent int) {
	t.broken, t.failing = true, true
	t.makeExtras().cause = err
	t.giveUp(unsent)
}

// giveUp lets go of what has not been written, of which more bytes are in the
// caller's hands. From now on it is lost.
func (t *sender) giveUp(more int) {
	t.inflight += more
	if n := t.unsentLocked(); n > 0 {
		t.makeExtras().lost = n
	}
	if t.closeLen > 0 && t.held() > 0 {
		t.closeOut = true // it is the last of what is held
	}
	t.writing, t.data, t.inflight, t.handed, t.closeLen = false, false, 0, 0, 0
	t.discardPending()
	if x := t.extra; x != nil {
		for _, b := range x.chunks {
			buffers.Put(b)
		}
		x.chunks, x.pong = nil, nil
	}
}

// unsent returns how many bytes of accepted messages, with the headers of their
// frames, have not been written, or could not be; whether that is so for the close
// frame; and why writing has failed, if it has.
func (t *sender) unsent() (n int, closeFrame bool, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsentLocked(), t.closeOut, t.extras().cause
}

func (t *sender) unsentLocked() int {
	lost := t.extras().lost
	if t.data {
		lost += max(t.held()-int(t.closeLen), 0)
	}
	return lost
}
