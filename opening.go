package airsocket

import (
	"context"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// An opening is the state of an opening handshake: the results, which the program may
// ask for later, and what is needed only until the connection is open.
type opening struct {
	negotiated
	retries *retries // for a client with Options.Reconnect

	cancel  context.CancelFunc // ends the attempt
	early   earlyQueue
	refuse  func() bool // rejects a request that OnRequest has not answered; may be nil
	letGoOf bool        // the Socket no longer uses it
}

// An earlyQueue holds what the program has sent before the connection is open.
type earlyQueue struct {
	events []wire.Event
	size   int    // in bytes
	close  func() // calls the Close that follows; nil if there is none
}

// add adds a copy of ev. version is the version that the connection will use.
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

// An agreement is the result of an opening handshake. The program sees nothing of it
// before the turn of the open event.
type agreement struct {
	version  wire.Version
	sessions []extensions.Session
	answer   *handshake.Result // for a client; nil on a server
	unsent   []byte            // of a server's response
}

// split returns the extensions that work on messages or frames, and the one that works
// on the stream of bytes, or nil.
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

// negotiated holds what the methods of a Socket report about its opening handshake.
type negotiated struct {
	url        string
	protocol   string
	extensions string
	status     int              // of the server's response
	answer     handshake.Header // of the server
	request    *handshake.Request
	keep       bool // request is kept after the open event
}
