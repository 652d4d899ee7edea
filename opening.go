package airsocket

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// An opening is the state of an opening handshake: the results, which the program may
// ask for later, and what is needed only until the connection is open.
type opening struct {
	negotiated
	retries   *retries // for a client with Options.Reconnect
	*unopened          // nil once the connection is open
}

// An unopened is the part of an opening that an open connection does not need.
type unopened struct {
	cancel  context.CancelFunc // ends the attempt
	early   earlyQueue
	refuse  func() bool // rejects a request that OnRequest has not answered; may be nil
	letGoOf bool        // the Socket no longer uses it
}

// newOpening returns the opening of a client.
func newOpening(url string, cancel context.CancelFunc) *opening {
	return &opening{negotiated: negotiated{url: url}, unopened: &unopened{cancel: cancel}}
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
	chosen   []extensions.Offer // the extensions of the sessions
	answer   *handshake.Result  // for a client; nil on a server
	unsent   []byte             // of a server's response
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
	response   string // packed fields of the server's response
	request    *handshake.Request
	web        *http.Request // that net/http has read, or nil
	keep       bool          // request is kept after the open event
}

// packed returns fields as lines of text. As long as nobody asks for them, this takes
// less memory, and does not keep what the handshake has read.
func packed(fields handshake.Header) string {
	var b strings.Builder
	n := 0
	for _, f := range fields {
		n += len(f.Name) + len(": \n") + len(f.Value)
	}
	b.Grow(n)
	for _, f := range fields {
		b.WriteString(f.Name)
		b.WriteString(": ")
		b.WriteString(f.Value)
		b.WriteByte('\n') // which is in no name and no value
	}
	return b.String()
}

// unpacked returns the fields from which packed has made p.
func unpacked(p string) http.Header {
	h := make(http.Header)
	for line := range strings.Lines(p) {
		name, value, _ := strings.Cut(line[:len(line)-1], ": ")
		h.Add(name, value)
	}
	return h
}
