package airsocket

import (
	"context"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// An opening is the opening handshake of a Socket: what is known of it, which may be
// asked for later, and what there is only until the connection is open.
type opening struct {
	negotiated
	retries *retries // of a client with Options.Reconnect

	cancel  context.CancelFunc // ends the attempt
	early   earlyQueue
	refuse  func() bool // rejects a server's request, unless it has been answered; nil without one
	letGoOf bool        // the Socket does not use it any more
}

// An earlyQueue is what the program has sent before the connection is open.
type earlyQueue struct {
	events []wire.Event
	size   int    // in bytes
	close  func() // the Close that follows; nil for none
}

// add keeps ev, of which it makes a copy. version is the one that will be spoken.
func (q *earlyQueue) add(ev wire.Event, version wire.Version, limit int) error {
	switch {
	case !version.Can(ev.Kind):
		return wire.ErrUnsupported
	case ev.Kind == wire.Text && !utf8.Valid(ev.Data):
		return wire.ErrBadText
	case ev.Kind >= wire.Close && len(ev.Data) > maxControl:
		return wire.ErrTooBig
	case q.size > 0 && limit > 0 && q.size+len(ev.Data) > limit:
		return ErrBufferFull
	}
	ev.Data = append([]byte(nil), ev.Data...)
	q.events = append(q.events, ev)
	q.size += len(ev.Data) + 16
	return nil
}

// An agreement is what an opening handshake has led to. None of it shows before the
// turn of the open event.
type agreement struct {
	version  wire.Version
	sessions []extensions.Session
	answer   *handshake.Result // a client's; nil on a server
}

// split returns the extensions of messages and frames, and the one below the frames, or
// nil.
func (a *agreement) split() (exts []wire.Extension, stream extensions.Stream) {
	for _, session := range a.sessions {
		if session.Wire != nil {
			exts = append(exts, session.Wire)
		} else {
			stream = session.Stream
		}
	}
	return exts, stream
}

// negotiated is what the properties of a Socket report of its opening handshake.
type negotiated struct {
	url        string
	protocol   string
	extensions string
	status     int              // of the server's response
	answer     handshake.Header // of the server
	request    *handshake.Request
	keep       bool // request was asked for
}
